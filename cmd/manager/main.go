// Command manager turns Jobs into DaemonSets and keeps the Jobs' status.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/darkowlzz/daemonset-job/controllers/job"
	"github.com/darkowlzz/daemonset-job/internal/operator"
	"github.com/darkowlzz/daemonset-job/internal/options"
)

const name = "daemonset-job-manager"

// resync is how often everything is looked at again, for events that were lost.
const resync = 10 * time.Hour

func main() {
	settings := options.NewManager()
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	settings.Bind(flags)
	binary := &operator.Binary{
		Name:   name,
		Flags:  flags,
		Common: &settings.Common,
		Scheme: operator.Scheme(),
		Cache: func() cache.Options {
			return cache.Options{ByObject: job.CacheByObject(), SyncPeriod: new(resync)}
		},
		Setup: func(mgr ctrl.Manager, watchdog *operator.Watchdog) error {
			reconciler := job.New(mgr.GetClient(), mgr.GetAPIReader(), mgr.GetEventRecorder(name), clock.RealClock{}, job.Options{
				PauseImage: settings.PauseImage, Concurrency: settings.Concurrency, Wrap: watchdog.Watch,
			})
			if err := metrics.Registry.Register(&job.Collector{Reader: mgr.GetCache()}); err != nil {
				return fmt.Errorf("registering metrics: %w", err)
			}
			return reconciler.SetupWithManager(context.Background(), mgr)
		},
	}
	os.Exit(binary.Main(os.Args[1:]))
}
