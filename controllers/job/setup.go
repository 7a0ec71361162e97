package job

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/jobcache"
	"github.com/darkowlzz/daemonset-job/internal/nodecache"
	"github.com/darkowlzz/daemonset-job/internal/podcache"
	"github.com/darkowlzz/daemonset-job/internal/ratelimit"
)

const (
	controllerName = "job"

	// eventsByUID indexes events by the object they are about.
	eventsByUID = "involvedObject.uid"
)

// CacheByObject limits the manager's cache to what the controller reads.
func CacheByObject() map[client.Object]cache.ByObject {
	ours := labels.SelectorFromSet(labels.Set{v1beta1.LabelDaemonSetJob: "true"})
	return map[client.Object]cache.ByObject{
		jobcache.Object():   jobcache.ByObject(),
		&appsv1.DaemonSet{}: {Label: ours, Transform: stripDaemonSet},
		&corev1.Pod{}:       {Label: ours, Transform: podcache.Read},
		&corev1.Node{}:      {Transform: nodecache.Strip},
		recordMetadata():    {Label: ours, Transform: stripRecord},
		// The DaemonSet controller reports in its events alone that the API server refused a pod.
		&corev1.Event{}: {
			Field:     fields.SelectorFromSet(fields.Set{"involvedObject.kind": "DaemonSet", "reason": "FailedCreate", "source": "daemonset-controller"}),
			Transform: stripEvent,
		},
	}
}

// recordMetadata is the kind of JobRecords in the cache: their metadata alone is watched. With
// the type itself, the readiness probe would start an informer that holds all outputs.
func recordMetadata() *metav1.PartialObjectMetadata { return jobcache.Metadata("JobRecord") }

// SetupWithManager adds the controller to mgr, whose cache is limited by CacheByObject.
func (r *Reconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager) error {
	if err := mgr.GetFieldIndexer().IndexField(ctx, &corev1.Event{}, eventsByUID, objectOfEvent); err != nil {
		return err
	}
	reconciler := reconcile.Reconciler(r)
	if r.options.Wrap != nil {
		reconciler = r.options.Wrap(controllerName, r)
	}
	controlled := ctrl.NewControllerManagedBy(mgr)
	if r.options.Guard != nil {
		controlled.WatchesRawSource(source.Channel(r.options.Guard.Changes(), allJobs(r.states)))
	}
	return controlled.
		Named(controllerName).
		For(jobcache.Object(), builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, predicate.Funcs{UpdateFunc: jobChanged}))).
		Watches(&appsv1.DaemonSet{}, batchedHandler(jobOfLabels), builder.WithPredicates(predicate.Funcs{UpdateFunc: daemonSetChanged})).
		Watches(&corev1.Pod{}, r.podIndex.handler()).
		Watches(&corev1.Node{}, r.nodeIndex.handler(r.states)).
		WatchesMetadata(&v1beta1.JobRecord{}, r.recordIndex.handler()).
		Watches(&corev1.Event{}, batchedHandler(jobOfEvent)).
		Watches(jobcache.CronJobObject(), handler.Funcs{}). // earlierRun reads them, and no event of theirs is of a Job.
		WithOptions(controller.Options{
			MaxConcurrentReconciles: r.options.Concurrency,
			RateLimiter:             ratelimit.New(),
		}).
		Complete(reconciler)
}

// objectOfEvent returns the UID of the object that an event is about.
func objectOfEvent(o client.Object) []string {
	if event, ok := o.(*corev1.Event); ok {
		return []string{string(event.InvolvedObject.UID)}
	}
	return nil
}
