package operator

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// stuckAfter is how long a reconcile may take before the liveness probe fails. The context of
// a reconcile is cancelled after reconcileTimeout, so an older one ignores it and never ends.
const stuckAfter = reconcileTimeout + 2*requestTimeout

// Watchdog tracks the running reconciles.
type Watchdog struct {
	now     func() time.Time
	mutex   sync.Mutex
	nextID  uint64
	running map[uint64]runningReconcile
}

type runningReconcile struct {
	controller string
	started    time.Time
}

// newWatchdog returns a Watchdog that reads the time from now.
func newWatchdog(now func() time.Time) *Watchdog {
	return &Watchdog{now: now, running: map[uint64]runningReconcile{}}
}

// Watch wraps the reconciler r of the named controller, so that the watchdog tracks its reconciles.
func (w *Watchdog) Watch(controller string, r reconcile.Reconciler) reconcile.Reconciler {
	return reconcile.Func(func(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
		defer w.start(controller)()
		return r.Reconcile(ctx, req)
	})
}

// start tracks a reconcile until stop is called.
func (w *Watchdog) start(controller string) (stop func()) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.nextID++
	id := w.nextID
	w.running[id] = runningReconcile{controller: controller, started: w.now()}
	return func() {
		w.mutex.Lock()
		defer w.mutex.Unlock()
		delete(w.running, id)
	}
}

// Check fails when a reconcile is stuck. The liveness probe calls it.
func (w *Watchdog) Check(*http.Request) error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	for _, r := range w.running {
		if age := w.now().Sub(r.started); age > stuckAfter {
			return fmt.Errorf("a reconcile of controller %s is stuck for %s", r.controller, age)
		}
	}
	return nil
}

// addProbes adds the checks of /healthz and /readyz. A process is live while its reconciles end,
// and ready when its informer caches have synced, leader or not.
// Neither probe depends on the API server: restarting would not bring it back.
func addProbes(mgr ctrl.Manager, kinds map[client.Object]cache.ByObject, watchdog *Watchdog) error {
	if err := mgr.AddHealthzCheck("reconciles", watchdog.Check); err != nil {
		return fmt.Errorf("adding liveness probe: %w", err)
	}
	if err := mgr.AddReadyzCheck("caches", cachesSynced(mgr.GetCache(), mgr.GetScheme(), kinds)); err != nil {
		return fmt.Errorf("adding readiness probe: %w", err)
	}
	return nil
}

// cachesSynced returns a check that the informers of all kinds have synced.
func cachesSynced(informers cache.Informers, scheme *runtime.Scheme, kinds map[client.Object]cache.ByObject) healthz.Checker {
	return func(req *http.Request) error {
		for kind := range kinds {
			informer, err := informers.GetInformer(req.Context(), kind, cache.BlockUntilSynced(false))
			if err != nil {
				return err
			}
			if !informer.HasSynced() {
				gvk, err := apiutil.GVKForObject(kind, scheme)
				return errors.Join(fmt.Errorf("the cache of %s is not synced yet", gvk.Kind), err)
			}
		}
		return nil
	}
}
