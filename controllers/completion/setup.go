package completion

import (
	"context"
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/podcache"
)

const (
	controllerName = "completion"
	// writers is how many pods are marked at once: a thousand nodes that finish
	// together must not wait for each other.
	writers = 16
)

// CacheByObject limits the terminator's cache to what its controllers read. Pods
// of Jobs in Exit mode are left out of those that are selected: no log says
// anything of them.
func CacheByObject(pods labels.Selector) map[client.Object]cache.ByObject {
	inLogMode, err := labels.NewRequirement(v1beta1.LabelCompletionMode, selection.NotEquals, []string{string(v1beta1.CompletionExit)})
	if err != nil {
		panic(err) // Both names are constants, and valid.
	}
	return map[client.Object]cache.ByObject{
		&v1beta1.Job{}: {Transform: cache.TransformStripManagedFields()},
		&corev1.Pod{}:  {Label: pods.DeepCopySelector().Add(*inLogMode), Transform: podcache.Strip},
	}
}

// SetupWithManager adds the controller to mgr, whose cache is limited by CacheByObject.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	if err := mgr.Add(r.hub); err != nil {
		return err
	}
	reconciler := reconcile.Reconciler(r)
	if r.options.Wrap != nil {
		reconciler = r.options.Wrap(controllerName, r)
	}
	return ctrl.NewControllerManagedBy(mgr).
		Named(controllerName).
		For(&corev1.Pod{}, builder.WithPredicates(predicate.Funcs{UpdateFunc: podMoved})).
		Watches(&v1beta1.Job{}, handler.EnqueueRequestsFromMapFunc(r.podsOf), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		WatchesRawSource(source.Channel(r.found, &handler.EnqueueRequestForObject{})).
		WithOptions(controller.Options{MaxConcurrentReconciles: writers}).
		Complete(reconciler)
}

// podMoved says whether a change of a pod can matter to what is followed. A resync
// changes nothing, and looks again at what is not finished.
func podMoved(e event.UpdateEvent) bool {
	before, ok1 := e.ObjectOld.(*corev1.Pod)
	after, ok2 := e.ObjectNew.(*corev1.Pod)
	if !ok1 || !ok2 || before.UID != after.UID {
		return true
	}
	if unfinished(before) != unfinished(after) || before.Labels[v1beta1.LabelJob] != after.Labels[v1beta1.LabelJob] {
		return true
	}
	if !unfinished(after) {
		return false
	}
	container := v1beta1.LogContainerName(&after.Spec)
	return before.ResourceVersion == after.ResourceVersion || !maps.Equal(runs(before, container), runs(after, container))
}

// podsOf are the pods of a Job whose word may have changed.
func (r *Reconciler) podsOf(ctx context.Context, job client.Object) []reconcile.Request {
	pods := &corev1.PodList{}
	err := r.client.List(ctx, pods, client.InNamespace(job.GetNamespace()),
		client.MatchingLabels(v1beta1.PodLabels(job.GetName())), client.UnsafeDisableDeepCopy)
	if err != nil {
		return nil // A cache that is synced does not fail; each pod has events of its own.
	}
	requests := make([]reconcile.Request, 0, len(pods.Items))
	for i := range pods.Items {
		if unfinished(&pods.Items[i]) {
			requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&pods.Items[i])})
		}
	}
	return requests
}
