// Package operator is what both binaries share to become a process that works
// on a cluster: the connection, the leader election, the probes, the start and the stop.
package operator

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/darkowlzz/daemonset-job/internal/options"
	"github.com/darkowlzz/daemonset-job/internal/version"
)

// Binary is what makes one of the binaries.
type Binary struct {
	// Name is the name of the binary, of its lease and, with the version, its user agent.
	Name string
	// Flags are all its settings, and Common those of them that this package reads.
	Flags  *flag.FlagSet
	Common *options.Common
	// Scheme knows the types that it reads and writes.
	Scheme *runtime.Scheme
	// Cache says what is cached. It is called when the settings are read. Each kind
	// that is read must stand in ByObject: it is ready when these are synced.
	Cache func() cache.Options
	// Setup adds the controllers to the manager. Their reconcilers are to be
	// wrapped by the watchdog.
	Setup func(mgr ctrl.Manager, watchdog *Watchdog) error
}

// Main runs the binary until a signal or a failure ends it, and returns its exit code.
func (b *Binary) Main(args []string) int {
	switch err := options.Parse(b.Flags, args, os.LookupEnv, os.Stdout); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		_, _ = fmt.Fprintf(os.Stderr, "%s: %v\n", b.Name, err)
		return 2
	case b.Common.ShowVersion:
		_, _ = fmt.Fprintln(os.Stdout, version.Line(b.Name))
		return 0
	}
	log := b.logger(os.Stderr)
	ctrl.SetLogger(log)
	klog.SetLogger(log)
	if err := b.run(ctrl.SetupSignalHandler(), log); err != nil {
		log.Error(err, "exiting: the process is to be started again")
		return 1
	}
	log.Info("stopped")
	return 0
}

func (b *Binary) logger(to io.Writer) logr.Logger {
	return zap.New(zap.UseFlagOptions(&b.Common.Log), zap.WriteTo(to)).WithName(b.Name)
}

func (b *Binary) run(ctx context.Context, log logr.Logger) error {
	config, err := b.restConfig(log)
	if err != nil {
		return err
	}
	mgr, err := b.manager(config, log)
	if err != nil {
		return err
	}
	log.Info("starting", "version", version.Version, "namespaces", b.Common.WatchNamespaces, "leaderElection", b.Common.LeaderElect)
	return runUntilStopped(ctx, mgr, log)
}

// runUntilStopped runs the manager, and returns when it has stopped.
//
// A manager of controller-runtime v0.25 that waits for the API server while it
// starts does not notice that it is to stop. There is nothing to finish then.
func runUntilStopped(ctx context.Context, mgr ctrl.Manager, log logr.Logger) error {
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
	var patience time.Duration
	select {
	case <-started:
		patience = stopTimeout + time.Second
	default:
	}
	select {
	case err := <-stopped:
		return err
	case <-time.After(patience):
		log.Info("it is to stop, and does not wait any longer")
		return nil
	}
}

// everyReplica is a runnable of each replica, whoever leads. It is started when
// the caches are synced.
type everyReplica func(context.Context) error

// Start implements manager.Runnable.
func (run everyReplica) Start(ctx context.Context) error { return run(ctx) }

// NeedLeaderElection implements manager.LeaderElectionRunnable.
func (everyReplica) NeedLeaderElection() bool { return false }
