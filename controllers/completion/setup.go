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
	"github.com/darkowlzz/daemonset-job/internal/jobcache"
	"github.com/darkowlzz/daemonset-job/internal/podcache"
	"github.com/darkowlzz/daemonset-job/internal/ratelimit"
)

const (
	controllerName = "completion"
	// maxConcurrentReconciles bounds how many pods are marked at once. One at a time
	// would delay a thousand nodes that finish together.
	maxConcurrentReconciles = 16
)

// CacheByObject limits the terminator's cache to the objects that its controllers
// read. It excludes pods of Jobs in Exit mode, whose logs do not matter.
func CacheByObject(pods labels.Selector) map[client.Object]cache.ByObject {
	inLogMode, err := labels.NewRequirement(v1beta1.LabelCompletionMode, selection.NotEquals, []string{string(v1beta1.CompletionExit)})
	if err != nil {
		panic(err) // Both constants are valid.
	}
	return map[client.Object]cache.ByObject{
		jobcache.Object(): jobcache.ByObject(),
		&corev1.Pod{}:     {Label: pods.DeepCopySelector().Add(*inLogMode), Transform: podcache.Follow},
	}
}

// SetupWithManager adds the controller to mgr, whose cache is limited by CacheByObject.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	if err := mgr.Add(r.followers); err != nil {
		return err
	}
	reconciler := reconcile.Reconciler(r)
	if r.options.Wrap != nil {
		reconciler = r.options.Wrap(controllerName, r)
	}
	return ctrl.NewControllerManagedBy(mgr).
		Named(controllerName).
		For(&corev1.Pod{}, builder.WithPredicates(predicate.Funcs{UpdateFunc: podChanged})).
		Watches(jobcache.Object(), handler.EnqueueRequestsFromMapFunc(r.podsForJob), builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, predicate.Funcs{UpdateFunc: jobcache.MadeAgain}))).
		WatchesRawSource(source.Channel(r.podEvents, &handler.EnqueueRequestForObject{})).
		WithOptions(controller.Options{MaxConcurrentReconciles: maxConcurrentReconciles, RateLimiter: ratelimit.New()}).
		Complete(reconciler)
}

// podChanged returns whether an update can change which logs are followed. A resync
// (same resourceVersion) also enqueues each pod that awaits its word.
func podChanged(e event.UpdateEvent) bool {
	oldPod, oldOK := e.ObjectOld.(*corev1.Pod)
	newPod, newOK := e.ObjectNew.(*corev1.Pod)
	if !oldOK || !newOK || oldPod.UID != newPod.UID {
		return true
	}
	if awaitsWord(oldPod) != awaitsWord(newPod) || oldPod.Labels[v1beta1.LabelJob] != newPod.Labels[v1beta1.LabelJob] {
		return true
	}
	if !awaitsWord(newPod) {
		return false
	}
	container := v1beta1.LogContainerName(&newPod.Spec)
	return oldPod.ResourceVersion == newPod.ResourceVersion || !maps.Equal(containerRuns(oldPod, container), containerRuns(newPod, container))
}

// podsForJob returns requests for the pods of a Job, whose termination word may have changed.
func (r *Reconciler) podsForJob(ctx context.Context, job client.Object) []reconcile.Request {
	pods := &corev1.PodList{}
	err := r.client.List(ctx, pods, client.InNamespace(job.GetNamespace()),
		client.MatchingLabels(v1beta1.PodLabels(job.GetName())), client.UnsafeDisableDeepCopy)
	if err != nil {
		return nil // A synced cache does not fail, and each pod has its own events.
	}
	requests := make([]reconcile.Request, 0, len(pods.Items))
	for i := range pods.Items {
		if awaitsWord(&pods.Items[i]) {
			requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&pods.Items[i])})
		}
	}
	return requests
}
