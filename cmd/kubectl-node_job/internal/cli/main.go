package cli

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/klog/v2"
)

// completer is the name under which kubectl asks for completions.
const completer = "kubectl_complete-node_job"

// Main runs the plugin with the arguments of its process, and returns the exit code.
func Main(args []string) int {
	quiet()
	streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
	rest := args[1:]
	if strings.TrimSuffix(filepath.Base(args[0]), ".exe") == completer {
		rest = append([]string{cobra.ShellCompRequestCmd}, rest...)
	}
	return Run(context.Background(), streams, rest)
}

// quiet drops what client-go logs of its retries. The plugin says it in its own words.
func quiet() {
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
}

// Run runs the plugin with arguments, and returns the exit code.
func Run(ctx context.Context, streams genericiooptions.IOStreams, args []string) int {
	return newApp(streams).execute(ctx, args)
}

func newApp(streams genericiooptions.IOStreams) *app {
	return &app{
		IOStreams: streams, now: time.Now,
		flags: genericclioptions.NewConfigFlags(true).WithDeprecatedPasswordFlag().WithWarningPrinter(streams),
	}
}

func (a *app) execute(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.ErrOut)
	return a.exitCode(root.ExecuteContext(ctx))
}
