package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// simulatedBackoffLimit is the backoffLimit of all Jobs. A pod that failed more often
// frees its slot.
const simulatedBackoffLimit = 6

// invariantWatcher watches the pods of Jobs, and records each violation of an
// invariant. It keeps watching when the API server is killed and restarted.
type invariantWatcher struct {
	mu sync.Mutex
	// limits holds how many nodes of each Job may work at once. 0 means no limit.
	limits map[string]int
	pods   map[types.UID]*corev1.Pod
	// working counts the nodes of each Job that work now, and mostWorking is the
	// highest such count so far.
	working, mostWorking map[string]int
	// completedBy holds the pod that did the work of a Job's template on a node.
	// replacements holds the pods that were created after that pod was gone. Two pods
	// may exist at once without a violation: the DaemonSet controller creates a second
	// pod if the API server did not answer its first request.
	completedBy  map[string]types.UID
	replacements map[types.UID]bool
	broken       []string
}

func newInvariantWatcher() *invariantWatcher {
	return &invariantWatcher{
		limits: map[string]int{}, pods: map[types.UID]*corev1.Pod{}, working: map[string]int{}, mostWorking: map[string]int{},
		completedBy: map[string]types.UID{}, replacements: map[types.UID]bool{},
	}
}

// watch watches the pods of a namespace until the context ends. An informer is not
// suitable: after a gap in the watch it reports all pods in any order, which looks like
// states that never were.
func (w *invariantWatcher) watch(ctx context.Context, cluster client.WithWatch, namespace string) {
	for ctx.Err() == nil {
		pods := &corev1.PodList{}
		if err := cluster.List(ctx, pods, client.InNamespace(namespace)); err != nil {
			time.Sleep(100 * time.Millisecond)
			continue
		}
		w.replace(pods.Items)
		events, err := watchFrom(ctx, cluster, &corev1.PodList{}, namespace, pods.ResourceVersion)
		if err != nil {
			continue
		}
		for e := range events.ResultChan() {
			if pod, ok := e.Object.(*corev1.Pod); ok {
				w.record(pod, e.Type == watch.Deleted)
				continue
			}
			events.Stop() // The watch is too old for the API server, so list again.
		}
	}
}

// replace replaces all known pods by those of one list.
func (w *invariantWatcher) replace(pods []corev1.Pod) {
	there := map[types.UID]bool{}
	for i := range pods {
		there[pods[i].UID] = true
	}
	w.mu.Lock()
	var gone []*corev1.Pod
	for uid, pod := range w.pods {
		if !there[uid] {
			gone = append(gone, pod)
		}
	}
	w.mu.Unlock()
	for _, pod := range gone {
		w.record(pod, true)
	}
	// Slots must be freed before others are taken: the gap hides the real order.
	slices.SortStableFunc(pods, func(a, b corev1.Pod) int { return cmp.Compare(slots(&a), slots(&b)) })
	for i := range pods {
		w.record(&pods[i], false)
	}
}

// slots returns how many slots the pod takes.
func slots(pod *corev1.Pod) int {
	if takesSlot(pod) {
		return 1
	}
	return 0
}

// setLimit sets how many nodes of a Job may work at once.
func (w *invariantWatcher) setLimit(job string, limit int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.limits[job] = limit
}

func (w *invariantWatcher) record(pod *corev1.Pod, gone bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	job := pod.Labels[v1beta1.LabelJob]
	if before := w.pods[pod.UID]; before != nil && takesSlot(before) {
		w.working[job]--
	}
	delete(w.pods, pod.UID)
	if gone {
		return
	}
	work := fmt.Sprintf("%s on %s, template %s", job, pod.Spec.NodeName, pod.Labels[v1beta1.LabelTemplateHash])
	by, wasDone := w.completedBy[work]
	if wasDone && by != pod.UID && w.pods[by] == nil {
		w.replacements[pod.UID] = true
	}
	w.pods[pod.UID] = pod
	if takesSlot(pod) {
		w.working[job]++
		w.mostWorking[job] = max(w.mostWorking[job], w.working[job])
		if limit := w.limits[job]; limit > 0 && w.working[job] > limit {
			w.broken = append(w.broken, fmt.Sprintf("%s: %d nodes of Job %s work at once, of %d that may",
				time.Now().UTC().Format(time.RFC3339Nano), w.working[job], job, limit))
		}
	}
	if isFinished(pod) {
		if w.replacements[pod.UID] {
			w.broken = append(w.broken, "done twice: "+work)
		}
		w.completedBy[work] = pod.UID
	}
}

// takesSlot returns whether the pod works or is about to.
func takesSlot(pod *corev1.Pod) bool {
	if len(pod.Spec.SchedulingGates) > 0 || isFinished(pod) {
		return false
	}
	restarts := int32(0)
	for i := range pod.Status.InitContainerStatuses {
		restarts += pod.Status.InitContainerStatuses[i].RestartCount
	}
	return restarts <= simulatedBackoffLimit
}

// isFinished returns whether the pod's work is done. A simulated pod in Exit mode has
// done its work when its phase is Running.
func isFinished(pod *corev1.Pod) bool {
	if v1beta1.PodCompletesByLog(&pod.Spec) {
		return v1beta1.PodIsCompleted(pod)
	}
	return pod.Status.Phase == corev1.PodRunning
}

// violations returns the violations recorded so far.
func (w *invariantWatcher) violations() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.broken...)
}
