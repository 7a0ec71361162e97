package job

import (
	"context"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	"github.com/darkowlzz/daemonset-job/internal/jobcache"
)

// jobOfLabels returns the Job that an object of ours belongs to.
func jobOfLabels(o client.Object) (types.NamespacedName, bool) {
	name := o.GetLabels()[v1beta1.LabelJob]
	return types.NamespacedName{Namespace: o.GetNamespace(), Name: name}, name != ""
}

// jobOfEvent returns the Job whose DaemonSet an event is about.
func jobOfEvent(o client.Object) (types.NamespacedName, bool) {
	event, ok := o.(*corev1.Event)
	if !ok {
		return types.NamespacedName{}, false
	}
	name, ours := strings.CutSuffix(event.InvolvedObject.Name, v1beta1.DaemonSetSuffix)
	return types.NamespacedName{Namespace: event.Namespace, Name: name}, ours
}

// batchedHandler enqueues the Job of each object that has an event.
func batchedHandler(jobOf func(client.Object) (types.NamespacedName, bool)) handler.EventHandler {
	enqueue := func(o client.Object, q queue) {
		if name, ok := jobOf(o); ok {
			enqueueBatched(name, q)
		}
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q queue) {
			enqueue(e.Object, q)
		},
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q queue) {
			enqueue(e.ObjectNew, q)
		},
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, q queue) {
			enqueue(e.Object, q)
		},
		GenericFunc: func(_ context.Context, e event.GenericEvent, q queue) {
			enqueue(e.Object, q)
		},
	}
}

// daemonSetChanged returns whether a change of a DaemonSet can matter to its Job.
// Its number of ready pods does not, because the pods have events of their own.
func daemonSetChanged(e event.UpdateEvent) bool {
	before, ok1 := e.ObjectOld.(*appsv1.DaemonSet)
	after, ok2 := e.ObjectNew.(*appsv1.DaemonSet)
	if !ok1 || !ok2 {
		return true
	}
	return jobcache.MadeAgain(e) ||
		before.Generation != after.Generation ||
		before.Status.ObservedGeneration != after.Status.ObservedGeneration ||
		before.Status.DesiredNumberScheduled != after.Status.DesiredNumberScheduled ||
		before.Status.CurrentNumberScheduled != after.Status.CurrentNumberScheduled ||
		before.DeletionTimestamp.IsZero() != after.DeletionTimestamp.IsZero() ||
		daemonset.OwnershipOf(before) != daemonset.OwnershipOf(after) ||
		before.Annotations[v1beta1.AnnotationAppliedHash] != after.Annotations[v1beta1.AnnotationAppliedHash]
}

// jobChanged returns whether the user resumes a Job that holds itself, deletes one that a
// finalizer keeps, or made it again. None need change the generation.
func jobChanged(e event.UpdateEvent) bool {
	return jobcache.MadeAgain(e) ||
		e.ObjectOld.GetAnnotations()[v1beta1.AnnotationResume] != e.ObjectNew.GetAnnotations()[v1beta1.AnnotationResume] ||
		e.ObjectOld.GetDeletionTimestamp().IsZero() != e.ObjectNew.GetDeletionTimestamp().IsZero()
}

// allJobs enqueues every Job when the admission policy for Jobs has changed.
func allJobs(states *jobStates) handler.EventHandler {
	return handler.Funcs{GenericFunc: func(_ context.Context, _ event.GenericEvent, q queue) {
		for _, name := range states.names() {
			enqueueBatched(name, q)
		}
	}}
}
