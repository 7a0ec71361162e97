package main

import (
	"os"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/darkowlzz/daemonset-job/controllers/cleanup"
	"github.com/darkowlzz/daemonset-job/controllers/completion"
	"github.com/darkowlzz/daemonset-job/internal/operator"
	"github.com/darkowlzz/daemonset-job/internal/options"
)

const terminatorName = "daemonset-job-terminator"

// runTerminator runs the process that marks the pods whose work is done, and deletes finished Jobs.
func runTerminator() {
	settings := options.NewTerminator()
	operator.Configure(terminatorName, settings.Bind, &settings.Common)
	ctx := ctrl.SetupSignalHandler()

	mgr, watchdog, err := operator.NewManager(terminatorName, &settings.Common, scheme, cache.Options{
		ByObject: completion.CacheByObject(settings.PodSelector), SyncPeriod: &settings.Resync,
	})
	if err != nil {
		setupLog.Error(err, "Failed to create manager")
		os.Exit(1)
	}
	metrics.Registry.MustRegister(completion.Collectors()...)
	metrics.Registry.MustRegister(cleanup.Collectors()...)
	// The log client has no rate limit: the number of its streams is limited already.
	config := rest.CopyConfig(mgr.GetConfig())
	config.QPS = -1
	logs, err := kubernetes.NewForConfig(config)
	if err != nil {
		setupLog.Error(err, "Failed to create log client")
		os.Exit(1)
	}
	if err := completion.New(mgr.GetClient(), logs.CoreV1(), clock.RealClock{}, completion.Options{
		Word: settings.TerminationWord, MaxLogStreams: settings.MaxLogStreams,
		LogBytesPerSecond: int64(settings.LogBytesPerSecond), Wrap: watchdog.Watch,
	}).SetupWithManager(mgr); err != nil {
		setupLog.Error(err, "Failed to create controller", "controller", "completion")
		os.Exit(1)
	}
	if err := cleanup.New(mgr.GetClient(), mgr.GetAPIReader(), clock.RealClock{}).SetupWithManager(mgr, watchdog.Watch); err != nil {
		setupLog.Error(err, "Failed to create controller", "controller", "cleanup")
		os.Exit(1)
	}

	if err := operator.Run(ctx, mgr); err != nil {
		setupLog.Error(err, "Failed to run manager")
		os.Exit(1)
	}
	setupLog.Info("Stopped")
}
