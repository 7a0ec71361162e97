package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	"github.com/darkowlzz/daemonset-job/internal/plan"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/fleet"
)

// change is a command that changes one object and ends.
func (a *app) change(cmd *cobra.Command, do func(context.Context, *fleet.Client, string) error) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ctx, stop := untilInterrupted(cmd.Context())
		defer stop()
		client, err := a.client()
		if err != nil {
			return err
		}
		return do(ctx, client, args[0])
	}
	return cmd
}

func (a *app) retry() *cobra.Command {
	return a.change(&cobra.Command{
		Use:   "retry NAME",
		Short: "Try the nodes again that have not succeeded",
		Long: `Try the nodes again that have not succeeded, of a Job that holds itself or failed.
Nodes that are done stay done.`,
		Example:           `  kubectl node-job retry disk-report && kubectl node-job wait disk-report`,
		Args:              oneName("Job"),
		ValidArgsFunction: a.completeNames("jobs"),
	}, func(ctx context.Context, client *fleet.Client, name string) error {
		job, err := client.Job(ctx, name)
		if err != nil {
			return err
		}
		if err := canRetry(job); err != nil {
			return err
		}
		if err := client.Patch(ctx, "jobs", name, resumePatch(job, a.now())); err != nil {
			return err
		}
		if job.Suspended() {
			a.say("Job %q is suspended as well: kubectl node-job resume %s", name, name)
		}
		return a.print("job/%s is tried again on the nodes that have not succeeded", name)
	})
}

// canRetry returns why a Job cannot be tried again, nil if it can.
func canRetry(job *v1beta1.Job) error {
	finished := job.Finished()
	switch {
	case plan.IsResumed(job):
		return fmt.Errorf("job %q was resumed already, and the operator has not observed it yet", job.Name)
	case finished != nil && finished.Type == v1beta1.JobComplete:
		return fmt.Errorf("job %q is Complete: there is nothing to try again", job.Name)
	case finished != nil && (job.Status.RunGeneration == 0 || job.Status.Resume == nil):
		return fmt.Errorf("job %q was failed by an earlier version of the operator, which recorded no node: create it again", job.Name)
	case finished == nil && !daemonset.Held(job):
		return fmt.Errorf("job %q has not failed and does not hold itself: it is %s", job.Name, job.Status.Phase)
	}
	return nil
}

// resumePatch returns the patch that resumes a Job: another value of the annotation than the
// status has.
func resumePatch(job *v1beta1.Job, now time.Time) []byte {
	return patch(map[string]any{"metadata": map[string]any{
		"uid": job.UID, "annotations": map[string]string{v1beta1.AnnotationResume: now.UTC().Format(time.RFC3339Nano)},
	}})
}

// patch returns a JSON merge patch.
func patch(changes map[string]any) []byte {
	text, err := json.Marshal(changes)
	if err != nil {
		panic(err) // It has strings and booleans alone.
	}
	return text
}

func (a *app) suspend() *cobra.Command {
	return a.change(&cobra.Command{
		Use:   "suspend NAME | suspend cronjob/NAME",
		Short: "Start no further node of a Job, or no further run of a CronJob",
		Long: `Start no further node of a Job, or no further run of a CronJob. Nodes at work, and runs
that have begun, go on.`,
		Example: `  kubectl node-job suspend disk-report
  kubectl node-job suspend cronjob/nightly`,
		Args:              oneName("Job"),
		ValidArgsFunction: a.completeNames("jobs"),
	}, func(ctx context.Context, client *fleet.Client, name string) error {
		return a.setSuspend(ctx, client, name, true)
	})
}

func (a *app) resume() *cobra.Command {
	return a.change(&cobra.Command{
		Use:   "resume NAME | resume cronjob/NAME",
		Short: "Go on with a Job or CronJob that was suspended",
		Long: `Go on with a Job or CronJob that a user suspended. A Job that holds itself since too many
nodes failed goes on by retry.`,
		Example: `  kubectl node-job resume disk-report
  kubectl node-job resume cronjob/nightly`,
		Args:              oneName("Job"),
		ValidArgsFunction: a.completeNames("jobs"),
	}, func(ctx context.Context, client *fleet.Client, name string) error {
		return a.setSuspend(ctx, client, name, false)
	})
}

func (a *app) setSuspend(ctx context.Context, client *fleet.Client, name string, suspend bool) error {
	change := patch(map[string]any{"spec": map[string]any{"suspend": suspend}})
	done := map[bool]string{true: "suspended", false: "resumed"}[suspend]
	if kind, cronJob, isTyped := strings.Cut(name, "/"); isTyped {
		if kind != "cronjob" && kind != "cronjobs" && kind != "dscj" {
			return fmt.Errorf("%q is of a kind that cannot be %s: write the name of a Job, or cronjob/NAME", name, done)
		}
		if err := client.Patch(ctx, "cronjobs", cronJob, change); err != nil {
			return err
		}
		return a.print("cronjob/%s %s", cronJob, done)
	}
	job, err := client.Job(ctx, name)
	if err != nil {
		return err
	}
	switch finished := job.StandingVerdict(); {
	case finished != nil:
		return fmt.Errorf("job %q is over, it cannot be %s: it is %s", name, done, finished.Type)
	case !suspend && !job.Suspended() && daemonset.Held(job):
		return fmt.Errorf("job %q holds itself, since too many nodes failed: kubectl node-job retry %s", name, name)
	}
	if err := client.Patch(ctx, "jobs", name, change); err != nil {
		return err
	}
	return a.print("job/%s %s", name, done)
}

func (a *app) cancel() *cobra.Command {
	return a.change(&cobra.Command{
		Use:               "cancel NAME",
		Short:             "Stop a Job that runs, and delete it",
		Long:              `Stop a Job that runs, and delete it: the work on its nodes is stopped. One that is over stays.`,
		Example:           `  kubectl node-job cancel run-x7k2p`,
		Args:              oneName("Job"),
		ValidArgsFunction: a.completeNames("jobs"),
	}, func(ctx context.Context, client *fleet.Client, name string) error {
		job, err := client.Job(ctx, name)
		if err != nil {
			return err
		}
		if finished := job.StandingVerdict(); finished != nil {
			return a.print("job/%s is over already: it is %s", name, finished.Type)
		}
		if tool := plan.OwnedByGitOps(job); tool != "" {
			a.say("%s owns Job %q, and may apply it again", tool, name)
		}
		if err := client.Delete(ctx, job); err != nil {
			return err
		}
		return a.print("job/%s canceled", name)
	})
}
