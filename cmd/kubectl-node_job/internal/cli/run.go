package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/newjob"
)

// defaultRunTimeout is how long a run may take unless it says so. Without a limit, a node that
// hangs would keep the Job for ever after the terminal is lost.
const defaultRunTimeout = time.Hour

func (a *app) run() *cobra.Command {
	var o newjob.Options
	var r readOptions
	cmd := &cobra.Command{
		Use:   "run --image=IMAGE [-l KEY=VALUE | --nodes=NODES] -- COMMAND [ARG...]",
		Short: "Run a command once on every node, and show what is different",
		Long: `Run a command once on every node, and show each different output once, with the nodes that
printed it.

It creates a Job, shows its progress, reads the log of each node as the node ends, and deletes
the Job at the end. A Job that nobody deletes goes an hour after it is over, or a week with --keep.
A command that fails is started once more by the kubelet before the node counts as failed.

Ctrl-C asks whether to detach or to cancel; pressed twice it cancels. Without a terminal it
cancels.`,
		Example: `  # The kernel of each node
  kubectl node-job run --image=busybox -- uname -r

  # A file of the host, on some nodes
  kubectl node-job run --image=busybox --nodes='web-[01-20]' --mount=/etc -- cat /basetarget/os-release

  # A command of the host itself, on a tenth of the nodes at once
  kubectl node-job run --image=busybox --host --parallelism=10% -l pool=web -- systemctl restart chrony`,
		Args: func(cmd *cobra.Command, args []string) error {
			if dash := cmd.ArgsLenAtDash(); dash > 0 || dash < 0 && len(args) > 0 {
				return fmt.Errorf("write the command behind --, as in: run --image=busybox -- %s", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Command = args
			return a.runOnce(cmd.Context(), o, &r)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Image, "image", "", "the image that has the command (required)")
	flags.StringVarP(&o.Selector, "selector", "l", "", "only nodes with these labels, as key=value,key2=value2")
	flags.StringVar(&o.Nodes, "nodes", "", "only these nodes, as in 'a,node-[1-9]', at most 200")
	flags.StringVar(&o.Parallelism, "parallelism", "", "how many nodes work at once, a number or a percentage (default all)")
	flags.StringVar(&o.MountPath, "mount", "", "directory of the host that the command has at /basetarget")
	flags.BoolVar(&o.Host, "host", false, "run the command as root in the namespaces of the host; the image needs nsenter")
	flags.DurationVar(&o.Timeout, "timeout", defaultRunTimeout, "how long the run may take, 0 for no limit; nodes that are not done then have failed")
	flags.BoolVar(&o.Keep, "keep", false, "keep the Job for a week instead of deleting it at the end")
	r.add(cmd)
	return cmd
}

// runOnce creates the Job, follows it, shows what the nodes printed, and deletes it.
func (a *app) runOnce(ctx context.Context, o newjob.Options, r *readOptions) error {
	if o.Image == "" {
		return errors.New("give the image that has the command: --image=busybox")
	}
	ignore, err := r.expressions()
	if err != nil {
		return err
	}
	client, err := a.client()
	if err != nil {
		return err
	}
	o.Namespace = client.Namespace
	job, err := newjob.Run(o)
	if err != nil {
		return err
	}
	// From here on Ctrl-C has to decide what becomes of the Job.
	interrupts := listen()
	defer interrupts.stop()
	if job, err = client.Create(ctx, job); err != nil {
		return err
	}
	live := &liveRun{app: a, client: client, job: job, options: r, timeout: o.Timeout, keep: o.Keep, ignore: ignore}
	return live.follow(ctx, interrupts)
}
