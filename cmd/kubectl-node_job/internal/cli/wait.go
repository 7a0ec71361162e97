package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/fleet"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/verdict"
)

func (a *app) wait() *cobra.Command {
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "wait NAME",
		Short: "Wait until a Job is over",
		Long: `Wait until a Job is over, also one that deletes itself when it is complete.

The exit code is 0 if each node is done, 1 if a node failed or the Job was deleted before
it was over, 3 if it is suspended, and 124 when the time is over.`,
		Example:           `  kubectl node-job wait disk-report --timeout=10m`,
		Args:              oneName("Job"),
		ValidArgsFunction: a.completeNames("jobs"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := untilInterrupted(cmd.Context())
			defer stop()
			if timeout > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeoutCause(ctx, timeout, fmt.Errorf("%w after %s", errTimeout, timeout))
				defer cancel()
			}
			client, err := a.client()
			if err != nil {
				return err
			}
			return a.waitFor(ctx, client, args[0])
		},
	}
	cmd.Flags().DurationVar(&timeout, "timeout", 0, "how long to wait, 0 for no limit")
	return cmd
}

func (a *app) waitFor(ctx context.Context, client *fleet.Client, name string) error {
	job, err := client.Job(ctx, name)
	if err != nil {
		return err
	}
	if job.Spec.CompletionPolicy == v1beta1.CompletionNever {
		return fmt.Errorf("job %q has completionPolicy Never and is never over: wait for kubectl wait --for=condition=Ready dsj/%s", name, name)
	}
	follower, err := client.Follow(ctx, job, true)
	if err != nil {
		return err
	}
	shown := a.progress()
	var last verdict.Verdict
	held := false
	err = follow(ctx, follower, 100*time.Millisecond, 0, func(s *fleet.Snapshot) (bool, error) {
		shown.Update(&s.Job.Status)
		last, held = s.Verdict(), daemonset.Held(s.Job)
		return last.Over, nil
	}, shown.Note)
	shown.Close()
	if err != nil {
		return err
	}
	if err := a.print("job/%s %s", name, last.Message); err != nil {
		return err
	}
	if last.Code == verdict.Suspended {
		a.say("kubectl node-job %s %s goes on", map[bool]string{true: "retry", false: "resume"}[held], name)
	}
	return exitWith(last.Code)
}
