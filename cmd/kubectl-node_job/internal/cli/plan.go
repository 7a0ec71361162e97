package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/fleet"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/newjob"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/nodeview"
)

// planOptions are the flags of plan.
type planOptions struct {
	files     []string
	recursive bool
	output    string
}

func (a *app) plan() *cobra.Command {
	var o planOptions
	cmd := &cobra.Command{
		Use:   "plan -f FILE",
		Short: "Show on which nodes a Job would run, and on which not and why",
		Long: `Show on which nodes the Jobs of a manifest would run, in which order and how many at once,
and on which not and why. It writes nothing: the API server checks the manifest in a dry run.

Of a Job that is there already it shows what the manifest would change. Of a CronJob it shows
what a run would do.`,
		Example: `  kubectl node-job plan -f job.yaml
  kubectl node-job plan -f job.yaml -o wide
  kustomize build . | kubectl node-job plan -f -`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := untilInterrupted(cmd.Context())
			defer stop()
			switch {
			case len(o.files) == 0:
				return errors.New("give the manifest of the Job: plan -f job.yaml, or -f - for the standard input")
			case o.output != "" && o.output != "wide" && o.output != "json":
				return fmt.Errorf("--output is %q: write wide or json", o.output)
			}
			return a.showPlans(ctx, &o)
		},
	}
	cmd.Flags().StringSliceVarP(&o.files, "filename", "f", nil, "file, folder or URL of the manifest, or - for the standard input")
	cmd.Flags().BoolVarP(&o.recursive, "recursive", "R", false, "read the folders in a folder as well")
	cmd.Flags().StringVarP(&o.output, "output", "o", "", "wide or json")
	a.completeValues(cmd, "output", "wide", "json")
	return cmd
}

// showPlans shows the plan of each Job and CronJob of the manifests.
func (a *app) showPlans(ctx context.Context, o *planOptions) error {
	client, err := a.client()
	if err != nil {
		return err
	}
	manifests, err := a.readManifests(o)
	if err != nil {
		return err
	}
	width, _, _ := terminalSize(a.Out)
	for i, manifest := range manifests {
		planned, err := a.planOf(ctx, client, manifest)
		if err != nil {
			return fmt.Errorf("%s %q: %w", manifest.GetKind(), manifest.GetName(), err)
		}
		if o.output == "json" {
			if err := nodeview.WriteJSON(a.Out, planned.JSON()); err != nil {
				return err
			}
			continue
		}
		lines, err := planned.Lines(a.now(), o.output == "wide", width)
		if err != nil {
			return err
		}
		if i > 0 {
			lines = append([]string{""}, lines...)
		}
		for _, line := range lines {
			if err := a.print("%s", line); err != nil {
				return err
			}
		}
	}
	return nil
}

// planOf returns what the Job of a manifest would do.
func (a *app) planOf(ctx context.Context, client *fleet.Client, manifest *unstructured.Unstructured) (*nodeview.Plan, error) {
	planned := &nodeview.Plan{Kind: manifest.GetKind(), Namespace: manifest.GetNamespace(), Name: cmp.Or(manifest.GetName(), manifest.GetGenerateName())}
	job, suspended, proposal, err := a.propose(ctx, client, manifest)
	if err != nil {
		return nil, err
	}
	if proposal.Unchecked != "" {
		a.say("The API server has not checked the manifest, and added no defaults: work that is done can be shown as starting again: %s", proposal.Unchecked)
	}
	snapshot, err := client.Around(ctx, job)
	if err != nil {
		return nil, err
	}
	for _, line := range snapshot.Missing() {
		a.say("%s", line)
	}
	planned.Exists = proposal.Exists
	planned.Forecast, err = snapshot.Forecast(a.now())
	if suspended && planned.Held == "" {
		planned.Held = "the CronJob is suspended"
	}
	return planned, err
}

// propose returns the Job of a manifest, or that of a run of its CronJob, and whether that is
// suspended.
func (a *app) propose(ctx context.Context, client *fleet.Client, manifest *unstructured.Unstructured) (*v1beta1.Job, bool, fleet.Proposal, error) {
	if manifest.GetKind() != kindCronJob {
		job, proposal, err := client.ProposeJob(ctx, manifest)
		return job, false, proposal, err
	}
	cronJob, proposal, err := client.ProposeCronJob(ctx, manifest)
	if err != nil {
		return nil, false, proposal, err
	}
	return newjob.Manual(cronJob, "next"), cronJob.Spec.Suspend != nil && *cronJob.Spec.Suspend, proposal, nil
}
