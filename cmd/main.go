// Command manager turns Jobs into DaemonSets and writes the Jobs' status. The same program
// is the terminator when it is called by that name.
package main

import (
	"maps"
	"os"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	daemonsetv1beta1 "github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/controllers/cronjob"
	"github.com/darkowlzz/daemonset-job/controllers/job"
	"github.com/darkowlzz/daemonset-job/controllers/retention"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	"github.com/darkowlzz/daemonset-job/internal/operator"
	"github.com/darkowlzz/daemonset-job/internal/options"
	// +kubebuilder:scaffold:imports
)

const (
	managerName = "daemonset-job-manager"
	// resyncPeriod is how often the informer cache enqueues every object again, in case an event was lost.
	resyncPeriod = 10 * time.Hour
)

var (
	scheme   = runtime.NewScheme()
	setupLog = ctrl.Log.WithName("setup")
)

func init() {
	utilruntime.Must(clientgoscheme.AddToScheme(scheme))

	utilruntime.Must(daemonsetv1beta1.AddToScheme(scheme))
	// +kubebuilder:scaffold:scheme
}

func main() {
	if filepath.Base(os.Args[0]) == "terminator" {
		runTerminator()
		return
	}
	settings := options.NewManager()
	operator.Configure(managerName, settings.Bind, &settings.Common)
	ctx := ctrl.SetupSignalHandler()

	cached := job.CacheByObject()
	maps.Copy(cached, cronjob.CacheByObject())
	mgr, watchdog, err := operator.NewManager(managerName, &settings.Common, scheme, cache.Options{ByObject: cached, SyncPeriod: new(resyncPeriod)})
	if err != nil {
		setupLog.Error(err, "Failed to create manager")
		os.Exit(1)
	}
	installation, err := operator.Installation(settings)
	if err != nil {
		setupLog.Error(err, "Failed to name the installation")
		os.Exit(1)
	}
	metrics.Registry.MustRegister(job.Collectors(mgr.GetCache(), mgr.Elected(), installation)...)
	metrics.Registry.MustRegister(cronjob.Collectors()...)
	keeper, err := newGuard(mgr, settings, installation)
	if err != nil {
		setupLog.Error(err, "Failed to create guard of the admission policy")
		os.Exit(1)
	}
	if err := job.New(mgr.GetClient(), mgr.GetAPIReader(), mgr.GetEventRecorder(managerName), clock.RealClock{}, job.Options{
		Installation: installation,
		Pause:        daemonset.Pause{Image: settings.PauseImage, Resources: settings.PauseResources.ResourceRequirements},
		Concurrency:  settings.Concurrency,
		Wrap:         watchdog.Watch,
		Guard:        keeper,
	}).SetupWithManager(ctx, mgr); err != nil {
		setupLog.Error(err, "Failed to create controller", "controller", "job")
		os.Exit(1)
	}
	if err := cronjob.New(mgr.GetClient(), mgr.GetAPIReader(), mgr.GetEventRecorder(managerName), clock.RealClock{}, cronjob.Options{
		Concurrency: settings.Concurrency, Guard: keeper, Wrap: watchdog.Watch,
	}).SetupWithManager(mgr); err != nil {
		setupLog.Error(err, "Failed to create controller", "controller", "cronjob")
		os.Exit(1)
	}
	if err := retention.New(mgr.GetClient(), mgr.GetAPIReader(), clock.RealClock{}).SetupWithManager(mgr, watchdog.Watch); err != nil {
		setupLog.Error(err, "Failed to create controller", "controller", "retention")
		os.Exit(1)
	}
	// +kubebuilder:scaffold:builder

	if err := operator.Run(ctx, mgr); err != nil {
		setupLog.Error(err, "Failed to run manager")
		os.Exit(1)
	}
	setupLog.Info("Stopped")
}
