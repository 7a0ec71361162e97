package job

import (
	"context"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
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
	"github.com/darkowlzz/daemonset-job/internal/podcache"
)

const (
	// batch is how long events of pods are gathered before their Job is looked at:
	// the cost of looking then does not grow with the square of the nodes.
	batch = 100 * time.Millisecond

	controllerName = "job"

	// eventsByUID indexes events by the object they are about.
	eventsByUID = "involvedObject.uid"
)

// CacheByObject limits the manager's cache to what the controller reads.
func CacheByObject() map[client.Object]cache.ByObject {
	ours := labels.SelectorFromSet(labels.Set{v1beta1.LabelDaemonSetJob: "true"})
	return map[client.Object]cache.ByObject{
		&v1beta1.Job{}:      {Transform: cache.TransformStripManagedFields()},
		&appsv1.DaemonSet{}: {Label: ours, Transform: cache.TransformStripManagedFields()},
		&corev1.Pod{}:       {Label: ours, Transform: podcache.Strip},
		// What the API server answered to the DaemonSet controller stands in its events alone.
		&corev1.Event{}: {
			Field:     fields.SelectorFromSet(fields.Set{"involvedObject.kind": "DaemonSet", "reason": "FailedCreate"}),
			Transform: cache.TransformStripManagedFields(),
		},
	}
}

// SetupWithManager adds the controller to mgr, whose cache is limited by CacheByObject.
func (r *Reconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager) error {
	err := mgr.GetFieldIndexer().IndexField(ctx, &corev1.Event{}, eventsByUID, func(o client.Object) []string {
		if event, ok := o.(*corev1.Event); ok {
			return []string{string(event.InvolvedObject.UID)}
		}
		return nil
	})
	if err != nil {
		return err
	}
	reconciler := reconcile.Reconciler(r)
	if r.options.Wrap != nil {
		reconciler = r.options.Wrap(controllerName, r)
	}
	return ctrl.NewControllerManagedBy(mgr).
		Named(controllerName).
		For(&v1beta1.Job{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&appsv1.DaemonSet{}, batched(jobOfLabels), builder.WithPredicates(predicate.Funcs{UpdateFunc: daemonSetMoved})).
		Watches(&corev1.Pod{}, batched(jobOfLabels), builder.WithPredicates(predicate.Funcs{UpdateFunc: podMoved})).
		Watches(&corev1.Event{}, batched(jobOfEvent)).
		WithOptions(controller.Options{MaxConcurrentReconciles: r.options.Concurrency}).
		Complete(reconciler)
}

// jobOfLabels is the Job that an object of ours belongs to.
func jobOfLabels(o client.Object) (types.NamespacedName, bool) {
	name := o.GetLabels()[v1beta1.LabelJob]
	return types.NamespacedName{Namespace: o.GetNamespace(), Name: name}, name != ""
}

// jobOfEvent is the Job whose DaemonSet an event is about.
func jobOfEvent(o client.Object) (types.NamespacedName, bool) {
	event, ok := o.(*corev1.Event)
	if !ok {
		return types.NamespacedName{}, false
	}
	name, ours := strings.CutSuffix(event.InvolvedObject.Name, v1beta1.DaemonSetSuffix)
	return types.NamespacedName{Namespace: event.InvolvedObject.Namespace, Name: name}, ours
}

// batched looks at an object's Job a moment after the first of its events, however many follow.
func batched(jobOf func(client.Object) (types.NamespacedName, bool)) handler.EventHandler {
	enqueue := func(o client.Object, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
		if name, ok := jobOf(o); ok {
			queue.AddAfter(reconcile.Request{NamespacedName: name}, batch)
		}
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			enqueue(e.Object, q)
		},
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			enqueue(e.ObjectNew, q)
		},
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			enqueue(e.Object, q)
		},
		GenericFunc: func(_ context.Context, e event.GenericEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			enqueue(e.Object, q)
		},
	}
}

// daemonSetMoved says whether a change of a DaemonSet can matter to its Job. Its
// number of ready pods does not: the pods themselves tell.
func daemonSetMoved(e event.UpdateEvent) bool {
	before, ok1 := e.ObjectOld.(*appsv1.DaemonSet)
	after, ok2 := e.ObjectNew.(*appsv1.DaemonSet)
	if !ok1 || !ok2 {
		return true
	}
	return before.Generation != after.Generation ||
		before.Status.ObservedGeneration != after.Status.ObservedGeneration ||
		before.Status.DesiredNumberScheduled != after.Status.DesiredNumberScheduled ||
		before.Status.CurrentNumberScheduled != after.Status.CurrentNumberScheduled ||
		before.DeletionTimestamp.IsZero() != after.DeletionTimestamp.IsZero() ||
		before.Annotations[v1beta1.AnnotationAppliedHash] != after.Annotations[v1beta1.AnnotationAppliedHash]
}

// podMoved says whether a pod says something else of its node than before.
func podMoved(e event.UpdateEvent) bool {
	before, ok1 := e.ObjectOld.(*corev1.Pod)
	after, ok2 := e.ObjectNew.(*corev1.Pod)
	if !ok1 || !ok2 {
		return true
	}
	// Which template it belongs to does not change, and restarts are compared as such.
	return !sameNode(observeNode(before, "", 0), observeNode(after, "", 0))
}

func sameNode(a, b node) bool {
	sameExit := (a.exitCode == nil) == (b.exitCode == nil) && (a.exitCode == nil || *a.exitCode == *b.exitCode)
	a.exitCode, b.exitCode = nil, nil
	a.version, b.version = "", ""
	return sameExit && a == b
}
