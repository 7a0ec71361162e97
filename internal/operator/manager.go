package operator

import (
	"fmt"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

const (
	// reconcileTimeout ends a reconcile that hangs in a request, to be tried again.
	reconcileTimeout = time.Minute
	// cacheTimeout is how long to wait for the API server after a start, before
	// the process ends and is started again.
	cacheTimeout = 5 * time.Minute
	// stopTimeout fits into the pod's terminationGracePeriodSeconds, which is 10.
	stopTimeout = 8 * time.Second
)

// manager makes the controller manager with its probes and controllers.
func (b *Binary) manager(cfg *rest.Config, log logr.Logger) (ctrl.Manager, error) {
	o, cacheOptions := b.Common, b.Cache()
	cacheOptions.ReaderFailOnMissingInformer = true
	if len(o.WatchNamespaces) > 0 {
		cacheOptions.DefaultNamespaces = map[string]cache.Config{}
		for _, namespace := range o.WatchNamespaces {
			cacheOptions.DefaultNamespaces[namespace] = cache.Config{}
		}
	}
	settings := ctrl.Options{
		Scheme:                        b.Scheme,
		MapperProvider:                staticMapper,
		Cache:                         cacheOptions,
		Logger:                        log,
		Metrics:                       metricsserver.Options{BindAddress: o.MetricsAddress},
		HealthProbeBindAddress:        o.HealthAddress,
		PprofBindAddress:              o.PprofAddress,
		LeaderElection:                o.LeaderElect,
		LeaderElectionReleaseOnCancel: true,
		LeaseDuration:                 new(leaseDuration),
		RenewDeadline:                 new(renewDeadline),
		RetryPeriod:                   new(retryPeriod),
		GracefulShutdownTimeout:       new(stopTimeout),
		Controller: config.Controller{
			// A replica that waits for its turn has everything in its cache when the turn comes.
			EnableWarmup:          new(true),
			CacheSyncTimeout:      cacheTimeout,
			ReconciliationTimeout: reconcileTimeout,
			Logger:                log,
		},
	}
	if o.LeaderElect {
		lock, err := leaseLock(cfg, b.Name, o)
		if err != nil {
			return nil, err
		}
		settings.LeaderElectionResourceLockInterface = lock
	}
	mgr, err := ctrl.NewManager(cfg, settings)
	if err != nil {
		return nil, fmt.Errorf("creating manager: %w", err)
	}
	watchdog := NewWatchdog(time.Now)
	if err := addProbes(mgr, cacheOptions.ByObject, watchdog); err != nil {
		return nil, err
	}
	if err := b.Setup(mgr, watchdog); err != nil {
		return nil, fmt.Errorf("setting up controllers: %w", err)
	}
	return mgr, nil
}
