package cli

import (
	"context"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/rand"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/fleet"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/newjob"
)

func (a *app) trigger() *cobra.Command {
	return a.change(&cobra.Command{
		Use:   "trigger CRONJOB",
		Short: "Start a run of a CronJob now",
		Long: `Start a run of a CronJob now, beside its schedule. It counts as one of its runs: it is
kept and deleted by its history limits.`,
		Example:           `  kubectl node-job trigger nightly`,
		Args:              oneName("CronJob"),
		ValidArgsFunction: a.completeNames("cronjobs"),
	}, func(ctx context.Context, client *fleet.Client, name string) error {
		cronJob, err := client.CronJob(ctx, name)
		if err != nil {
			return err
		}
		if n := cronJob.Status.ActiveJobs; n > 0 {
			a.say("CronJob %q has %d active runs already: a node may work for each of them at once", name, n)
		}
		for tries := 3; ; tries-- {
			job, err := client.Create(ctx, newjob.Manual(cronJob, rand.String(newjob.SuffixLength)))
			if apierrors.IsAlreadyExists(err) && tries > 1 {
				continue
			}
			if err != nil {
				return err
			}
			return a.print("job/%s created", job.Name)
		}
	})
}
