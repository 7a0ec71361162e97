package operator

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// wedged is how long a reconcile may take before the process counts as stuck:
// every reconcile is cancelled after reconcileTimeout, so that one of this age
// does not listen any more, and holds its worker for good.
const wedged = 3 * reconcileTimeout

// Watchdog knows the reconciles that are under way.
type Watchdog struct {
	now     func() time.Time
	mutex   sync.Mutex
	next    uint64
	running map[uint64]started
}

type started struct {
	controller string
	at         time.Time
}

// NewWatchdog makes a Watchdog that reads the time from now.
func NewWatchdog(now func() time.Time) *Watchdog {
	return &Watchdog{now: now, running: map[uint64]started{}}
}

// Watch returns a reconciler that does what r does, under the eyes of the watchdog.
func (w *Watchdog) Watch(controller string, r reconcile.Reconciler) reconcile.Reconciler {
	return reconcile.Func(func(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
		defer w.start(controller)()
		return r.Reconcile(ctx, req)
	})
}

func (w *Watchdog) start(controller string) (stop func()) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.next++
	id := w.next
	w.running[id] = started{controller: controller, at: w.now()}
	return func() {
		w.mutex.Lock()
		defer w.mutex.Unlock()
		delete(w.running, id)
	}
}

// Check is the liveness probe: it fails when a reconcile is stuck.
func (w *Watchdog) Check(*http.Request) error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	for _, s := range w.running {
		if age := w.now().Sub(s.at); age > wedged {
			return fmt.Errorf("a reconcile of controller %s is stuck for %s", s.controller, age)
		}
	}
	return nil
}

// addProbes adds what /healthz and /readyz tell: alive is a process whose
// reconciles come to an end, ready is one that has seen the cluster, whether it
// is the leader or waits for its turn. An API server that is away makes it
// neither: a start would not bring it back.
func addProbes(mgr ctrl.Manager, kinds map[client.Object]cache.ByObject, watchdog *Watchdog) error {
	if err := mgr.AddHealthzCheck("reconciles", watchdog.Check); err != nil {
		return fmt.Errorf("adding liveness probe: %w", err)
	}
	if err := mgr.AddReadyzCheck("caches", cachesSynced(mgr.GetCache(), kinds)); err != nil {
		return fmt.Errorf("adding readiness probe: %w", err)
	}
	return nil
}

func cachesSynced(informers cache.Informers, kinds map[client.Object]cache.ByObject) healthz.Checker {
	return func(req *http.Request) error {
		for kind := range kinds {
			informer, err := informers.GetInformer(req.Context(), kind, cache.BlockUntilSynced(false))
			if err != nil {
				return err
			}
			if !informer.HasSynced() {
				return fmt.Errorf("the cache of %T is not synced yet", kind)
			}
		}
		return nil
	}
}
