package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/darkowlzz/daemonset-job/internal/version"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/fleet"
)

// app is what all commands share.
type app struct {
	genericiooptions.IOStreams
	flags   *genericclioptions.ConfigFlags
	now     func() time.Time
	noColor bool
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "kubectl-node_job",
		Short: "Run a command once on every node, and see what is different",
		Long: `Run a command once on every node, and see what is different.

Exit codes: 0, 1 (a node failed), 2 (wrong usage, not found, refused), 3 (the Job is
suspended), 124 (a time was over), 130 (interrupted).`,
		Example: `  # The kernel of each node
  kubectl node-job run --image=busybox -- uname -r

  # On which nodes a Job would run, and on which not and why
  kubectl node-job plan -f job.yaml

  # How far a Job is, a line a node
  kubectl node-job status disk-report --watch

  # What the failed nodes of a Job printed, each different output once
  kubectl node-job logs disk-report --failed`,
		Annotations:       map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl node-job"},
		SilenceErrors:     true,
		SilenceUsage:      true,
		DisableAutoGenTag: true,
		Version:           version.Version,
		Args:              cobra.NoArgs,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		// kubectl has the scripts for the shells, and asks the plugin for words alone.
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())
	})
	root.PersistentFlags().BoolVar(&a.noColor, "no-color", false, "no colours and no progress bar, as with NO_COLOR in the environment")
	a.flags.AddFlags(root.PersistentFlags())
	a.completeFlags(root)
	root.AddCommand(a.run(), a.plan(), a.status(), a.logs(), a.wait(), a.retry(), a.results(), a.suspend(), a.resume(), a.cancel(), a.trigger(), a.version())
	return root
}

// client returns the client for the cluster and namespace of kubectl's flags.
func (a *app) client() (*fleet.Client, error) {
	namespace, _, err := a.flags.ToRawKubeConfigLoader().Namespace()
	if err != nil {
		return nil, err
	}
	config, err := a.flags.ToRESTConfig()
	if err != nil {
		return nil, err
	}
	config.UserAgent = "kubectl-node_job/" + version.Version
	return fleet.NewClient(config, namespace)
}

// oneName is the arguments of a command about one object.
func oneName(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return fmt.Errorf("give the name of one %s; see %s --help", what, cmd.CommandPath())
		}
		return nil
	}
}
