package cronjob

import (
	"context"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/jobcache"
	"github.com/darkowlzz/daemonset-job/internal/ratelimit"
)

const controllerName = "cronjob"

// CacheByObject limits the manager's cache to what the controller reads, beside Jobs.
func CacheByObject() map[client.Object]cache.ByObject {
	return map[client.Object]cache.ByObject{jobcache.CronJobObject(): jobcache.ByObject()}
}

// SetupWithManager adds the controller to mgr, whose cache holds CronJobs and Jobs as package
// jobcache reads them.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	reconciler := reconcile.Reconciler(r)
	if r.options.Wrap != nil {
		reconciler = r.options.Wrap(controllerName, r)
	}
	return ctrl.NewControllerManagedBy(mgr).
		Named(controllerName).
		For(jobcache.CronJobObject()).
		Watches(jobcache.Object(), handler.EnqueueRequestsFromMapFunc(cronJobOf), builder.WithPredicates(predicate.Funcs{UpdateFunc: jobChanged})).
		WithOptions(controller.Options{
			MaxConcurrentReconciles: r.options.Concurrency,
			RateLimiter:             ratelimit.New(),
		}).
		Complete(reconciler)
}

// cronJobOf returns the CronJob that controls a Job.
func cronJobOf(_ context.Context, job client.Object) []reconcile.Request {
	owner := v1beta1.CronJobOf(job)
	if owner == nil {
		return nil
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: job.GetNamespace(), Name: owner.Name}}}
}

// jobChanged ignores the progress of a Job: a CronJob's status says nothing about it before
// its end.
func jobChanged(e event.UpdateEvent) bool {
	if v1beta1.CronJobOf(e.ObjectOld) == nil && v1beta1.CronJobOf(e.ObjectNew) == nil {
		return false
	}
	return !equality.Semantic.DeepEqual(whatCounts(e.ObjectOld), whatCounts(e.ObjectNew))
}

// whatCounts returns what a CronJob's status rests on.
func whatCounts(job client.Object) []any {
	object, ok := job.(*unstructured.Unstructured)
	if !ok {
		return nil
	}
	phase, _, _ := unstructured.NestedFieldNoCopy(object.Object, "status", "phase")
	observed, _, _ := unstructured.NestedFieldNoCopy(object.Object, "status", "observedGeneration")
	return []any{phase, observed, job.GetUID(), job.GetGeneration(), job.GetDeletionTimestamp(), v1beta1.CronJobOf(job)}
}
