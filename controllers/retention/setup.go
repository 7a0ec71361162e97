package retention

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/jobcache"
	"github.com/darkowlzz/daemonset-job/internal/ratelimit"
)

const (
	controllerName = "retention"
	// maxConcurrentReconciles bounds how many records, of up to 256 KiB each, are read at once.
	maxConcurrentReconciles = 4
)

// SetupWithManager adds the controller to mgr, whose cache holds the Jobs and the metadata of
// JobRecords. wrap, if not nil, wraps the reconciler to monitor it.
//
// A manager that starts observes all JobRecords as new ones, and so those whose Job was deleted
// while it was down.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, wrap func(string, reconcile.Reconciler) reconcile.Reconciler) error {
	reconciler := reconcile.Reconciler(r)
	if wrap != nil {
		reconciler = wrap(controllerName, r)
	}
	return ctrl.NewControllerManagedBy(mgr).Named(controllerName).
		For(&v1beta1.JobRecord{}, builder.OnlyMetadata).
		Watches(jobcache.Object(), r.jobHandler()).
		WithOptions(controller.Options{MaxConcurrentReconciles: maxConcurrentReconciles, RateLimiter: ratelimit.New()}).Complete(reconciler)
}

type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// jobHandler enqueues the JobRecords of a Job that is gone.
func (r *Reconciler) jobHandler() handler.EventHandler {
	return handler.Funcs{
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q queue) {
			if jobcache.MadeAgain(e) {
				r.enqueueRecords(ctx, e.ObjectOld, q)
			}
		},
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q queue) { r.enqueueRecords(ctx, e.Object, q) },
	}
}

// enqueueRecords enqueues the JobRecords of a Job that was deleted.
func (r *Reconciler) enqueueRecords(ctx context.Context, job client.Object, q queue) {
	records := &metav1.PartialObjectMetadataList{}
	records.SetGroupVersionKind(v1beta1.GroupVersion.WithKind("JobRecordList"))
	err := r.client.List(ctx, records, client.InNamespace(job.GetNamespace()), client.UnsafeDisableDeepCopy,
		client.MatchingLabels{v1beta1.LabelJobUID: string(job.GetUID())})
	if err != nil {
		logf.FromContext(ctx).Error(err, "Failed to list JobRecords of a deleted Job, they are checked at the next resync", "job", client.ObjectKeyFromObject(job))
		return
	}
	for i := range records.Items {
		if isRetained(&records.Items[i]) {
			q.Add(reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&records.Items[i])})
		}
	}
}
