// Package operator makes a process of a set of controllers: it reads the settings, connects to
// the API server, elects the leader, serves the probes, and starts and stops the manager.
package operator

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/darkowlzz/daemonset-job/internal/options"
	"github.com/darkowlzz/daemonset-job/internal/version"
)

// Configure reads the settings of the program called name, whose flags bind declares, and sets
// the logger. It exits after --help and --version, and if a setting is invalid.
func Configure(name string, bind func(*flag.FlagSet), o *options.Common) {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	bind(flags)
	switch err := options.Parse(flags, os.Args[1:], os.LookupEnv, os.Stdout); {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(0)
	case err != nil:
		_, _ = fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(2)
	case o.ShowVersion:
		_, _ = fmt.Fprintln(os.Stdout, version.Line(name))
		os.Exit(0)
	}
	limitMemory(o.MemoryLimit, os.LookupEnv)
	log := zap.New(zap.UseFlagOptions(&o.Log), zap.WriteTo(os.Stderr)).WithName(name)
	ctrl.SetLogger(log)
	klog.SetLogger(log)
	log.Info("Starting", "version", version.Version, "namespaces", o.WatchNamespaces, "leaderElection", o.LeaderElect)
}

// Run starts mgr and returns when it has stopped, which it does when ctx is done.
//
// While a manager of controller-runtime v0.25 waits for the API server at its start, it does
// not notice that ctx is done. Run does not wait for it then: no reconcile has started.
func Run(ctx context.Context, mgr ctrl.Manager) error {
	started, stopped := make(chan struct{}), make(chan error, 1)
	if err := mgr.Add(everyReplica(func(ctx context.Context) error {
		close(started)
		<-ctx.Done()
		return nil
	})); err != nil {
		return err
	}
	go func() { stopped <- mgr.Start(ctx) }()
	select {
	case err := <-stopped:
		return err
	case <-ctx.Done():
	}
	var timeout time.Duration
	select {
	case <-started:
		timeout = stopTimeout + time.Second
	default:
	}
	select {
	case err := <-stopped:
		return err
	case <-time.After(timeout):
		ctrl.Log.Info("Stopping without waiting for the manager")
		return nil
	}
}

// everyReplica is a runnable that the manager starts on each replica, leader or not, when the
// informer caches have synced.
type everyReplica func(context.Context) error

// Start implements manager.Runnable.
func (run everyReplica) Start(ctx context.Context) error { return run(ctx) }

// NeedLeaderElection implements manager.LeaderElectionRunnable.
func (everyReplica) NeedLeaderElection() bool { return false }
