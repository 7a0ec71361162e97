package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"syscall"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/darkowlzz/daemonset-job/test/cluster"
)

func main() {
	runtime.LockOSThread() // See start: the kernel ends child processes with this thread.
	ctrl.SetLogger(logr.Discard())
	klog.SetLogger(logr.Discard()) // The users of a watch handle its end.
	cfg, err := parseFlags(os.Args[1:])
	if err != nil {
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, cfg); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, cfg *runConfig) (err error) {
	options, err := cluster.FromEnv()
	if err != nil {
		return err
	}
	// A folder that cannot be created must fail the run before it measures anything.
	for _, folder := range []string{cfg.settings.profiles, cfg.folder} {
		if folder == "" {
			continue
		}
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	realNodes := 0
	if cfg.real {
		realNodes = options.Nodes
	}
	env, err := newEnv(ctx, options, cfg.programs, realNodes)
	if env != nil {
		defer func() { err = errors.Join(err, env.close(err != nil)) }()
	}
	if err != nil {
		return err
	}
	if cfg.soak > 0 {
		return env.runSoak(ctx, cfg.soak, cfg.seed)
	}
	if cfg.plugin != "" {
		if err := env.grow(ctx, cfg.nodes[len(cfg.nodes)-1]); err != nil {
			return err
		}
		return env.measurePlugin(ctx, cfg.plugin)
	}
	return env.runBenchmark(ctx, cfg)
}

// runBenchmark measures on each number of nodes. It writes the report after each, so that
// a failure on many nodes loses no result of fewer ones.
func (e *env) runBenchmark(ctx context.Context, cfg *runConfig) error {
	all := &report{Machine: fmt.Sprintf("%d processors, %s/%s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)}
	if cfg.adds {
		if err := all.read(cfg.folder); err != nil {
			return err
		}
	}
	go e.keepNodeSnapshot(ctx)
	for _, nodes := range cfg.nodes {
		if err := e.grow(ctx, nodes); err != nil {
			return err
		}
		rows, err := e.measureAll(ctx, cfg)
		all.add(rows)
		if err := errors.Join(err, all.write(cfg.folder)); err != nil {
			return err
		}
	}
	fmt.Print("\n" + all.markdown())
	missed := slices.DeleteFunc(slices.Clone(all.Targets), func(j targetResult) bool { return j.Met })
	if cfg.check && len(missed) > 0 {
		return fmt.Errorf("%d targets are missed", len(missed))
	}
	return nil
}
