package operator

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/config"

	"github.com/darkowlzz/daemonset-job/internal/jobcache"
	"github.com/darkowlzz/daemonset-job/internal/options"
)

const (
	// cacheTimeout is how long a starting process waits for the API server. Then the process
	// exits, and the kubelet restarts it.
	cacheTimeout = 5 * time.Minute
	// stopTimeout is shorter than the pod's terminationGracePeriodSeconds, which is 10.
	stopTimeout = 8 * time.Second
)

// NewManager returns a manager with probes, and the watchdog of its liveness probe, which each
// reconciler is to be wrapped with. name is the name of the lease and of the user agent.
//
// cached.ByObject lists every kind that the controllers read: a client refuses other kinds, and
// the process is ready when these have synced.
func NewManager(name string, o *options.Common, scheme *runtime.Scheme, cached cache.Options) (ctrl.Manager, *Watchdog, error) {
	cfg, err := restConfig(name, o)
	if err != nil {
		return nil, nil, err
	}
	cached.ReaderFailOnMissingInformer = true
	if len(o.WatchNamespaces) > 0 {
		cached.DefaultNamespaces = map[string]cache.Config{}
		for _, namespace := range o.WatchNamespaces {
			cached.DefaultNamespaces[namespace] = cache.Config{}
		}
	}
	metrics, certificate, err := metricsOptions(o)
	if err != nil {
		return nil, nil, err
	}
	settings := ctrl.Options{
		Scheme:                        scheme,
		MapperProvider:                staticMapper,
		Cache:                         cached,
		Client:                        jobcache.ClientOptions(),
		Metrics:                       metrics,
		HealthProbeBindAddress:        o.HealthAddress,
		PprofBindAddress:              o.PprofAddress,
		LeaderElection:                o.LeaderElect,
		LeaderElectionID:              name, // The metric of the lease has it.
		LeaderElectionReleaseOnCancel: true,
		LeaseDuration:                 new(leaseDuration),
		RenewDeadline:                 new(renewDeadline),
		RetryPeriod:                   new(retryPeriod),
		GracefulShutdownTimeout:       new(stopTimeout),
		Controller: config.Controller{
			// A replica that is not the leader fills its cache, and starts at once when it is elected.
			EnableWarmup:          new(true),
			CacheSyncTimeout:      cacheTimeout,
			ReconciliationTimeout: reconcileTimeout,
		},
	}
	if o.LeaderElect {
		if settings.LeaderElectionResourceLockInterface, err = leaseLock(cfg, name, o); err != nil {
			return nil, nil, err
		}
	}
	mgr, err := ctrl.NewManager(cfg, settings)
	if err != nil {
		return nil, nil, fmt.Errorf("creating manager: %w", err)
	}
	if certificate != nil {
		if err := mgr.Add(certificate); err != nil {
			return nil, nil, fmt.Errorf("watching the certificate of the metrics: %w", err)
		}
	}
	watchdog := newWatchdog(time.Now)
	return mgr, watchdog, addProbes(mgr, cached.ByObject, watchdog)
}
