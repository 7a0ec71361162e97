// Package completion marks the pods of Jobs in Log mode whose container has
// logged the termination word. It is the only writer of that mark, and reads
// nothing but pods, their logs, and the Jobs' termination words.
package completion

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/logfollow"
)

// conflictRetryDelay is how long to wait when a pod could not be marked as it is.
const conflictRetryDelay = 100 * time.Millisecond

// Options are the settings of the controller.
type Options struct {
	// Word of the Jobs that do not set their own.
	Word string
	// MaxLogStreams is how many logs are followed at once.
	MaxLogStreams int
	// Wrap, if set, goes around the reconciler called name, to watch over it.
	Wrap func(name string, r reconcile.Reconciler) reconcile.Reconciler
}

// Reconciler follows the logs of pods, and marks those that are done. Make one with New.
type Reconciler struct {
	client    client.Client
	logs      corev1client.PodsGetter
	clock     clock.PassiveClock
	options   Options
	followers *followers
	podEvents chan event.GenericEvent
}

// New makes a Reconciler. cached reads from a cache of the pods and Jobs; logs
// reads from the API server.
func New(cached client.Client, logs corev1client.PodsGetter, clk clock.PassiveClock, options Options) *Reconciler {
	r := &Reconciler{client: cached, logs: logs, clock: clk, options: options, podEvents: make(chan event.GenericEvent, 1024)}
	r.followers = newFollowers(logfollow.NewFairLimiter(options.MaxLogStreams), logf.Log.WithName("completion"), r.enqueue)
	return r
}

// enqueue reports a pod: a follower writes nothing itself, so that a write
// has the queue's retries and is the leader's.
func (r *Reconciler) enqueue(ctx context.Context, pod types.NamespacedName) {
	object := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name}}
	select {
	case r.podEvents <- event.GenericEvent{Object: object}:
	case <-ctx.Done():
	}
}

// +kubebuilder:rbac:groups="",resources=pods,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=pods/log,verbs=get
// +kubebuilder:rbac:groups="",resources=pods/status,verbs=patch
// +kubebuilder:rbac:groups=daemonset.darkowlzz.space,resources=jobs,verbs=get;list;watch

// Reconcile sees to it that a pod's log is followed, and marks the pod once the
// word was found.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	pod := &corev1.Pod{}
	if err := r.client.Get(ctx, req.NamespacedName, pod); err != nil {
		if apierrors.IsNotFound(err) {
			r.followers.stop(req.NamespacedName)
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	word, err := r.terminationWord(ctx, pod)
	if err != nil {
		return ctrl.Result{}, err
	}
	if word == "" || !awaitsWord(pod) {
		r.followers.stop(req.NamespacedName)
		return ctrl.Result{}, nil
	}
	container := v1beta1.LogContainerName(&pod.Spec)
	sources := map[containerRun]logfollow.Source{}
	for run := range containerRuns(pod, container) {
		sources[run] = &podLog{pods: r.logs, cached: r.client, name: req.NamespacedName, uid: pod.UID, container: container, run: run}
	}
	wanted := target{name: req.NamespacedName, uid: pod.UID, group: pod.Namespace + "/" + pod.Labels[v1beta1.LabelJob], word: word}
	found, markedVersion := r.followers.follow(wanted, sources)
	if !found || isStale(pod, markedVersion) {
		return ctrl.Result{}, nil
	}
	version, err := r.mark(ctx, pod, word)
	switch {
	case apierrors.IsConflict(err), apierrors.IsInvalid(err):
		// It changed too often just now, or another pod has its name, which the cache
		// will tell: the API server calls another UID invalid.
		return ctrl.Result{RequeueAfter: conflictRetryDelay}, nil
	case err != nil:
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	r.followers.setMarked(wanted, version)
	return ctrl.Result{}, nil
}

// isStale says whether the cache has not caught up with the mark that was written
// already.
func isStale(pod *corev1.Pod, markedVersion string) bool {
	order, err := resourceversion.CompareResourceVersion(pod.ResourceVersion, markedVersion)
	return err == nil && order < 0
}

// awaitsWord says whether the pod is one whose log is still to tell that it is done.
func awaitsWord(pod *corev1.Pod) bool {
	return v1beta1.PodCompletesByLog(&pod.Spec) && !v1beta1.PodIsCompleted(pod) && pod.DeletionTimestamp.IsZero()
}

// terminationWord is the termination word of the pod's Job, empty if there is no such Job:
// its pods go as well.
func (r *Reconciler) terminationWord(ctx context.Context, pod *corev1.Pod) (string, error) {
	job := &v1beta1.Job{}
	name := types.NamespacedName{Namespace: pod.Namespace, Name: pod.Labels[v1beta1.LabelJob]}
	if err := r.client.Get(ctx, name, job, client.UnsafeDisableDeepCopy); err != nil {
		return "", client.IgnoreNotFound(err)
	}
	if job.Spec.TerminationWord != "" {
		return job.Spec.TerminationWord, nil
	}
	return r.options.Word, nil
}

// mark the pod as done: this very pod, known by its UID. Doing it twice is
// harmless. The version is the pod's with the mark.
//
// A patch is merged by the type of the condition, as server-side apply would, and
// costs the API server half of it.
func (r *Reconciler) mark(ctx context.Context, pod *corev1.Pod, word string) (version string, err error) {
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": pod.UID},
		"status": map[string]any{"conditions": []corev1.PodCondition{{
			Type:               v1beta1.PodCompleted,
			Status:             corev1.ConditionTrue,
			Reason:             "WordLogged",
			Message:            fmt.Sprintf("the container logged the termination word %q", word),
			LastTransitionTime: metav1.NewTime(r.clock.Now()),
		}}},
	})
	if err != nil {
		return "", fmt.Errorf("encoding the mark: %w", err)
	}
	marked := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name}}
	err = r.client.Status().Patch(ctx, marked, client.RawPatch(types.StrategicMergePatchType, patch), client.FieldOwner(v1beta1.TerminatorFieldOwner))
	if err != nil {
		return "", fmt.Errorf("marking the pod: %w", err)
	}
	wordsFound.Inc()
	logf.FromContext(ctx).Info("marked as done", "job", pod.Labels[v1beta1.LabelJob], "node", pod.Spec.NodeName, "word", word)
	return marked.ResourceVersion, nil
}
