// Package completion marks a pod of a Job in Log mode when its container has logged
// the termination word, and says in the pod when its log was rotated too early. It is
// the only writer of that condition. It reads only pods, their logs, and the Jobs'
// termination words.
package completion

import (
	"cmp"
	"context"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/jobcache"
	"github.com/darkowlzz/daemonset-job/internal/logfollow"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// conflictRetryDelay is how long to wait after the API server refused to mark a pod.
const conflictRetryDelay = 100 * time.Millisecond

// Options are the settings of the controller.
type Options struct {
	// Word is the termination word of Jobs that do not set one.
	Word string
	// MaxLogStreams bounds how many log streams are open at once.
	MaxLogStreams int
	// LogBytesPerSecond limits what all streams together are read while several Jobs wait for
	// their word; zero sets no limit.
	LogBytesPerSecond int64
	// Wrap, if set, wraps the reconciler of that name to monitor it.
	Wrap func(name string, r reconcile.Reconciler) reconcile.Reconciler
}

// Reconciler follows the logs of pods and marks completed pods. New creates one.
type Reconciler struct {
	client    client.Client
	logs      corev1client.PodsGetter
	clock     clock.PassiveClock
	options   Options
	followers *followers
	podEvents chan event.GenericEvent
}

// New returns a Reconciler. cached reads pods and Jobs from the informer cache, and
// logs reads from the API server.
func New(cached client.Client, logs corev1client.PodsGetter, clk clock.PassiveClock, options Options) *Reconciler {
	r := &Reconciler{client: cached, logs: logs, clock: clk, options: options, podEvents: make(chan event.GenericEvent, 1024)}
	limiter := logfollow.NewFairLimiter(options.MaxLogStreams, options.LogBytesPerSecond)
	r.followers = newFollowers(limiter, logf.Log.WithName("completion"), r.enqueue)
	return r
}

// enqueue adds a pod to the work queue. Followers do not write to the API server
// themselves, so that the queue retries each write and only the leader writes.
func (r *Reconciler) enqueue(ctx context.Context, pod types.NamespacedName) {
	object := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name}}
	select {
	case r.podEvents <- event.GenericEvent{Object: object}:
	case <-ctx.Done():
	}
}

// +kubebuilder:rbac:groups="",resources=pods,verbs=list;watch
// +kubebuilder:rbac:groups="",resources=pods/log,verbs=get
// +kubebuilder:rbac:groups="",resources=pods/status,verbs=patch
// +kubebuilder:rbac:groups=daemonset.darkowlzz.space,resources=jobs,verbs=get;list;watch

// Reconcile follows the log of a pod, and writes into the pod what became of it.
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
	started := startedAt(pod, container)
	sources := map[containerRun]logfollow.Source{}
	for run := range containerRuns(pod, container) {
		sources[run] = &podLog{pods: r.logs, cached: r.client, name: req.NamespacedName, uid: pod.UID, container: container, run: run, started: started}
	}
	wanted := target{name: req.NamespacedName, uid: pod.UID, group: logfollow.Group{Namespace: pod.Namespace, Job: pod.Labels[v1beta1.LabelJob]}, word: word,
		outputBytes: v1beta1.PodOutputBytes(pod)}
	err = r.record(ctx, pod, wanted, started, r.followers.follow(wanted, sources))
	if apierrors.IsConflict(err) || apierrors.IsInvalid(err) {
		// The pod changed during the patch, or a new pod has its name: the API server
		// answers "invalid" to another UID. The retry reads the cache again.
		return ctrl.Result{RequeueAfter: conflictRetryDelay}, nil
	}
	return ctrl.Result{}, client.IgnoreNotFound(err)
}

// awaitsWord returns whether the pod is in Log mode, not marked and not terminating. A pod
// with more containers than the cache keeps does not: the followed one may not be there.
func awaitsWord(pod *corev1.Pod) bool {
	return !plan.ExceedsBounds(pod) && v1beta1.PodCompletesByLog(&pod.Spec) && !v1beta1.PodIsCompleted(pod) && pod.DeletionTimestamp.IsZero()
}

// terminationWord returns the termination word of the pod's Job. It is empty if the
// Job does not exist: the garbage collector then deletes the pod. It is empty, too, if it
// cannot be decoded: the user's correction of the Job enqueues the pod.
func (r *Reconciler) terminationWord(ctx context.Context, pod *corev1.Pod) (string, error) {
	name := types.NamespacedName{Namespace: pod.Namespace, Name: pod.Labels[v1beta1.LabelJob]}
	word, err := jobcache.TerminationWord(ctx, r.client, name)
	if undecodable := (*jobcache.UndecodableError)(nil); errors.As(err, &undecodable) {
		return "", nil
	}
	if err != nil {
		return "", client.IgnoreNotFound(err)
	}
	return cmp.Or(word, r.options.Word), nil
}
