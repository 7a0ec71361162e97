package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/fleet"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/nodeview"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/verdict"
)

// statusOptions are the flags of status.
type statusOptions struct {
	watch  bool
	output string
}

func (a *app) status() *cobra.Command {
	var o statusOptions
	cmd := &cobra.Command{
		Use:   "status NAME",
		Short: "Show how far a Job is, a line a node",
		Long: `Show how far a Job is, a line a node: those that need a person come last.

Above them are the phase, the counts and what blocks the Job, as its status has them.
The exit code is 1 if a node failed, and 3 if the Job is suspended.`,
		Example: `  kubectl node-job status disk-report
  kubectl node-job status disk-report --watch
  kubectl node-job status disk-report -o json`,
		Args:              oneName("Job"),
		ValidArgsFunction: a.completeNames("jobs"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := untilInterrupted(cmd.Context())
			defer stop()
			client, err := a.client()
			if err != nil {
				return err
			}
			switch {
			case o.output != "" && o.output != "wide" && o.output != "json":
				return fmt.Errorf("--output is %q: write wide or json", o.output)
			case o.watch && o.output == "json":
				return fmt.Errorf("--watch shows text: leave --output json out")
			case o.watch:
				return a.watch(ctx, client, args[0], o.output == "wide")
			}
			snapshot, err := client.Read(ctx, args[0])
			if err != nil {
				return err
			}
			return a.showStatus(snapshot, o.output)
		},
	}
	cmd.Flags().BoolVarP(&o.watch, "watch", "w", false, "follow the Job until it is over")
	cmd.Flags().StringVarP(&o.output, "output", "o", "", "wide or json")
	a.completeValues(cmd, "output", "wide", "json")
	return cmd
}

func (a *app) showStatus(s *fleet.Snapshot, output string) error {
	for _, line := range s.Missing() {
		a.say("%s", line)
	}
	views := s.Views(a.now())
	nodeview.Sort(views)
	if output == "json" {
		if err := nodeview.WriteJSON(a.Out, nodeview.NewReport(s.Job, views)); err != nil {
			return err
		}
		return statusCode(s)
	}
	width, _, _ := terminalSize(a.Out)
	table, err := nodeview.Table(views, a.now(), output == "wide", width)
	if err != nil {
		return err
	}
	for _, line := range append(nodeview.Header(s.Job, a.now()), table...) {
		if err := a.print("%s", line); err != nil {
			return err
		}
	}
	return statusCode(s)
}

// statusCode returns the exit code for a state of a Job, also while it runs.
func statusCode(s *fleet.Snapshot) error {
	v := s.Verdict()
	if !v.Over && s.Job.Status.Failed > 0 {
		v.Code = verdict.NodeFailed
	}
	return exitWith(v.Code)
}
