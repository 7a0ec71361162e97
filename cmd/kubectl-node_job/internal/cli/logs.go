package cli

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/spf13/cobra"

	"github.com/darkowlzz/daemonset-job/internal/plan"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/fleet"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/nodeset"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/nodeview"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/outputs"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/podlogs"
)

// readOptions are the flags of commands that read logs.
type readOptions struct {
	limit   int64
	timeout time.Duration
	ignore  []string
}

func (o *readOptions) add(cmd *cobra.Command) {
	cmd.Flags().Int64Var(&o.limit, "limit-bytes", podlogs.DefaultLimit, "how much of each node's log is read")
	cmd.Flags().DurationVar(&o.timeout, "node-timeout", 10*time.Second, "how long to wait for the kubelet of a node")
	cmd.Flags().StringArrayVar(&o.ignore, "ignore", nil, "regular expression of what does not make outputs different, such as times; may be given more than once")
}

// expressions returns the expressions of what does not count.
func (o *readOptions) expressions() ([]*regexp.Regexp, error) {
	var compiled []*regexp.Regexp
	for _, text := range o.ignore {
		expression, err := regexp.Compile(text)
		if err != nil {
			return nil, fmt.Errorf("--ignore %q is no regular expression: %w", text, err)
		}
		compiled = append(compiled, expression)
	}
	if o.limit <= 0 {
		return nil, fmt.Errorf("--limit-bytes must be above 0")
	}
	return compiled, nil
}

// logOptions are the flags of logs.
type logOptions struct {
	readOptions
	group, prefix, failed, follow bool
	node                          string
}

func (a *app) logs() *cobra.Command {
	var o logOptions
	cmd := &cobra.Command{
		Use:   "logs NAME",
		Short: "Show what the nodes printed, each different output once",
		Long: `Show what the nodes printed: each different output once, with the nodes that printed it.
Of a node whose pod is gone it is what the operator recorded, if anything.`,
		Example: `  kubectl node-job logs disk-report
  kubectl node-job logs disk-report --failed --ignore='[0-9:]{8}'
  kubectl node-job logs disk-report -f --node='node-[1-3]'`,
		Args:              oneName("Job"),
		ValidArgsFunction: a.completeNames("jobs"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := untilInterrupted(cmd.Context())
			defer stop()
			client, err := a.client()
			if err != nil {
				return err
			}
			return a.showLogs(ctx, client, args[0], &o)
		},
	}
	cmd.Flags().BoolVar(&o.group, "group", false, "each different output once (default, but with --follow)")
	cmd.Flags().BoolVar(&o.prefix, "prefix", false, "each line behind the name of its node")
	cmd.Flags().BoolVar(&o.failed, "failed", false, "only nodes that failed")
	cmd.Flags().BoolVarP(&o.follow, "follow", "f", false, "show lines as they come, behind the name of their node, until the Job is over")
	cmd.Flags().StringVar(&o.node, "node", "", "only these nodes, as in node-[1-9],other")
	o.add(cmd)
	cmd.MarkFlagsMutuallyExclusive("group", "prefix")
	cmd.MarkFlagsMutuallyExclusive("group", "follow")
	cmd.MarkFlagsMutuallyExclusive("failed", "follow")
	return cmd
}

func (a *app) showLogs(ctx context.Context, client *fleet.Client, name string, o *logOptions) error {
	ignore, err := o.expressions()
	if err != nil {
		return err
	}
	wanted, err := o.filter()
	if err != nil {
		return err
	}
	reader := podlogs.NewReader(client.Core, o.limit, o.timeout)
	if o.follow {
		return a.followLogs(ctx, client, name, reader, wanted)
	}
	snapshot, err := client.Read(ctx, name)
	if err != nil {
		return err
	}
	for _, line := range snapshot.Missing() {
		a.say("%s", line)
	}
	style := a.style()
	c := newCollector(reader, style.Colour)
	views := snapshot.Views(a.now())
	nodeview.Sort(views)
	var read []plan.NodeView
	others := 0
	for i := range views {
		v := &views[i]
		switch {
		case !wanted(v):
		case !hasStarted(v) && v.State != plan.NodeFailed:
			others++
		default:
			if pod := snapshot.PodOf(v); pod != nil {
				c.start(ctx, pod, v)
			}
			read = append(read, *v)
		}
	}
	c.wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var all []outputs.Output
	for i := range read {
		all = append(all, c.output(&read[i]))
	}
	if others > 0 {
		a.say("Nodes that have not started: %d", others)
	}
	if o.prefix {
		return style.PrintPrefixed(a.Out, all)
	}
	return style.PrintGroups(a.Out, outputs.GroupBy(all, ignore))
}

// filter returns which nodes were asked for.
func (o *logOptions) filter() (func(*plan.NodeView) bool, error) {
	named := map[string]bool{}
	if o.node != "" {
		names, err := nodeset.Parse(o.node)
		if err != nil {
			return nil, fmt.Errorf("--node: %w", err)
		}
		for _, name := range names {
			named[name] = true
		}
	}
	return func(v *plan.NodeView) bool {
		return (o.node == "" || named[v.Node]) && (!o.failed || v.State == plan.NodeFailed || v.State == plan.NodeRetried)
	}, nil
}
