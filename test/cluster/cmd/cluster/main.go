// Command cluster makes and removes the local cluster, and stops, kills and starts its
// components. Without arguments it prints the list of its verbs.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/darkowlzz/daemonset-job/test/cluster"
)

const (
	exitFailure = 1
	exitUsage   = 2
	// exitUnsupported tells a script that this machine cannot run a cluster, and that
	// nothing else is wrong.
	exitUnsupported = 3
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := execute(ctx, os.Args[1:])
	stop()
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "cluster:", err)
	switch {
	case errors.Is(err, errUsage):
		os.Exit(exitUsage)
	case errors.Is(err, cluster.ErrUnsupported):
		os.Exit(exitUnsupported)
	}
	os.Exit(exitFailure)
}

var errUsage = errors.New("wrong use")

func execute(ctx context.Context, args []string) error {
	v, given, ok := match(args)
	if !ok {
		return fmt.Errorf("%w; what there is:\n%s", errUsage, usage())
	}
	options, err := cluster.FromEnv()
	if err != nil {
		return err
	}
	if v.build != nil {
		folder, err := v.build(ctx, options.Project, options.Log)
		if err == nil {
			fmt.Println(folder)
		}
		return err
	}
	c, err := cluster.New(options)
	if err != nil {
		return err
	}
	return v.do(ctx, c, given)
}

// match finds the verb at the start of the arguments. The remaining arguments must be
// as many as the verb takes.
func match(args []string) (verb, []string, bool) {
	for _, v := range verbs {
		words := strings.Fields(v.words)
		if len(args) != len(words)+len(strings.Fields(v.takes)) {
			continue
		}
		if strings.Join(args[:len(words)], " ") == v.words {
			return v, args[len(words):], true
		}
	}
	return verb{}, nil, false
}

func usage() string {
	var text strings.Builder
	for _, v := range verbs {
		fmt.Fprintf(&text, "  %-36s %s\n", strings.TrimSpace("cluster "+v.words+" "+v.takes), v.help)
	}
	text.WriteString(`
CLUSTER_NAME (daemonset-job), CLUSTER_SLOT (0) and NODES (3) say which cluster is meant.
`)
	return text.String()
}
