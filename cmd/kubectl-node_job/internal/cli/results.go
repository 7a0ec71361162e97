package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
	"github.com/darkowlzz/daemonset-job/internal/version"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/fleet"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/nodeview"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/page"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/results"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/verdict"
)

// resultOptions are the flags of results.
type resultOptions struct {
	output  string
	columns string
	choice  results.Choice
}

func (a *app) results() *cobra.Command {
	var o resultOptions
	cmd := &cobra.Command{
		Use:   "results NAME",
		Short: "Show the results of all nodes, also when the Job is gone",
		Long: `Show the results of all nodes: how each ended, and what it printed as far as spec.results of
the Job asks for it. Outputs that are JSON become columns.

They are read from the JobRecords of the Job, which outlive it for the retainSeconds of
spec.results. Of several runs it is the present one, or else the latest.
The exit code is 1 if a node failed, and 3 if the Job is suspended. Of a run that only its records
tell of, 0 means that no recorded node failed: nothing is known of nodes without a record.`,
		Example: `  kubectl node-job results disk-report
  kubectl node-job results disk-report -o csv --columns .kernel,'.disks[0].size'
  kubectl node-job results disk-report -o html >change-4711.html`,
		Args:              oneName("Job"),
		ValidArgsFunction: a.completeNames("jobs"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := untilInterrupted(cmd.Context())
			defer stop()
			chosen, err := o.chosenColumns(cmd.Flags().Changed("columns"))
			if err != nil {
				return err
			}
			client, err := a.client()
			if err != nil {
				return err
			}
			return a.showResults(ctx, client, args[0], &o, chosen)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&o.output, "output", "o", "table", "table, csv, json or html")
	flags.StringVar(&o.columns, "columns", "", "values of outputs that are JSON, as in .kernel,'.disks[0].size' (default all that are on top)")
	flags.StringVar(&o.choice.UID, "uid", "", "the Job of this UID, or of its first characters, of several that had the name")
	flags.Int64Var(&o.choice.Generation, "generation", 0, "the run that began at this generation of the Job")
	a.completeValues(cmd, "output", "table", "csv", "json", "html")
	return cmd
}

// chosenColumns returns the columns that the user named, nil if none.
func (o *resultOptions) chosenColumns(named bool) (*results.Columns, error) {
	switch o.output {
	case "table", "csv", "json", "html":
	default:
		return nil, fmt.Errorf("--output is %q: write table, csv, json or html", o.output)
	}
	if o.choice.Generation < 0 {
		return nil, errors.New("--generation must be above 0")
	}
	if !named {
		return nil, nil
	}
	if o.output == "json" {
		return nil, errors.New("--columns is for table, csv and html: json has all values of a node, leave it out")
	}
	columns, err := results.ParseColumns(o.columns)
	return &columns, err
}

func (a *app) showResults(ctx context.Context, client *fleet.Client, name string, o *resultOptions, columns *results.Columns) error {
	kept, err := client.ReadKept(ctx, name)
	if err != nil {
		return err
	}
	snapshot, report, err := a.chosenRun(client.Namespace, name, kept, o)
	if err != nil {
		return err
	}
	if columns == nil {
		all := results.DefaultColumns(report.Nodes)
		columns = &all
		if all.Left > 0 && o.output != "json" {
			a.say("%d more fields of the outputs have no column: choose by --columns", all.Left)
		}
	}
	if err := a.writeResults(snapshot, report, columns, o.output); err != nil {
		return err
	}
	if report.Present {
		return statusCode(snapshot)
	}
	if report.Counts[plan.NodeFailed] > 0 {
		return exitWith(verdict.NodeFailed)
	}
	return nil
}

// chosenRun returns the run that was asked for, and says what the user has to know of it.
func (a *app) chosenRun(namespace, name string, kept *fleet.Kept, o *resultOptions) (*fleet.Snapshot, *results.Report, error) {
	var job *v1beta1.Job
	if kept.Present != nil {
		job = kept.Present.Job
	}
	run, others, err := o.choice.Of(results.Runs(kept.Pages), job)
	if err != nil {
		return nil, nil, err
	}
	for _, line := range results.Explain(&run, others) {
		a.say("%s", line)
	}
	if present := kept.Present; present != nil && results.PresentRun(job).Is(&run) {
		missing := present.Missing()
		for _, line := range missing {
			a.say("%s", line)
		}
		report := results.NewReport(job, a.resultViews(present, o.output))
		if !report.HasOutputs() && len(missing) == 0 {
			a.say("No node has a recorded output: results.outputs of the Job's spec asks for them")
		}
		return present, report, nil
	}
	why := "The Job is gone: this is what its records say"
	switch {
	case job != nil && job.UID == run.UID:
		why = "An earlier run of the Job: this is what its records say"
	case kept.Unreadable:
		why = "You may not get jobs.daemonset.darkowlzz.space: this is what the records of the Job say"
	}
	snapshot := fleet.Recorded(namespace, name, run.UID, run.JobRun, run.Pages)
	return snapshot, results.NewRecordedReport(snapshot.Job, a.resultViews(snapshot, o.output), why), nil
}

// resultViews returns the nodes in the order of the output: on a terminal those that need a person
// come last, as in status. Others are read from the top, or by a program.
func (a *app) resultViews(s *fleet.Snapshot, output string) []plan.NodeView {
	views := s.Views(a.now())
	if output == "table" {
		nodeview.Sort(views)
	} else {
		results.Sort(views)
	}
	return views
}

func (a *app) writeResults(s *fleet.Snapshot, report *results.Report, columns *results.Columns, output string) error {
	switch output {
	case "csv":
		if !report.Present { // The lines have no place for it.
			a.say("%s\n%s", report.Message, report.Note)
		}
		return results.WriteCSV(a.Out, report, columns)
	case "json":
		return results.WriteJSON(a.Out, report)
	case "html":
		return page.Write(a.Out, report, columns, page.Made{At: a.now(), By: "kubectl node-job " + version.Version})
	}
	width, _, _ := terminalSize(a.Out)
	table, err := results.Table(report, columns, a.now(), width)
	if err != nil {
		return err
	}
	header := results.Header(report, a.now())
	if report.Present {
		header = nodeview.Header(s.Job, a.now())
	}
	for _, line := range append(header, table...) {
		if err := a.print("%s", line); err != nil {
			return err
		}
	}
	return nil
}
