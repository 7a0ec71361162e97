// Command terminator finds out which nodes are done, and deletes Jobs that are.
package main

import (
	"flag"
	"fmt"
	"os"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"

	"github.com/darkowlzz/daemonset-job/controllers/cleanup"
	"github.com/darkowlzz/daemonset-job/controllers/completion"
	"github.com/darkowlzz/daemonset-job/internal/operator"
	"github.com/darkowlzz/daemonset-job/internal/options"
)

const name = "daemonset-job-terminator"

func main() {
	settings := options.NewTerminator()
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	settings.Bind(flags)
	binary := &operator.Binary{
		Name:   name,
		Flags:  flags,
		Common: &settings.Common,
		Scheme: operator.Scheme(),
		Cache: func() cache.Options {
			return cache.Options{ByObject: completion.CacheByObject(settings.PodSelector), SyncPeriod: &settings.Resync}
		},
		Setup: func(mgr ctrl.Manager, watchdog *operator.Watchdog) error {
			// Streams are bounded by their number; waiting for a rate besides would only delay them.
			config := rest.CopyConfig(mgr.GetConfig())
			config.QPS = -1
			logs, err := kubernetes.NewForConfig(config)
			if err != nil {
				return fmt.Errorf("creating log client: %w", err)
			}
			marks := completion.New(mgr.GetClient(), logs.CoreV1(), clock.RealClock{}, completion.Options{
				Word: settings.TerminationWord, MaxLogStreams: settings.MaxLogStreams, Wrap: watchdog.Watch,
			})
			if err := marks.SetupWithManager(mgr); err != nil {
				return err
			}
			return cleanup.New(mgr.GetClient(), mgr.GetAPIReader(), clock.RealClock{}).SetupWithManager(mgr, watchdog.Watch)
		},
	}
	os.Exit(binary.Main(os.Args[1:]))
}
