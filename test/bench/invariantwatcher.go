package main

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// invariantWatcher watches the pods of Jobs, and records each violation of an
// invariant. It keeps watching when the API server is killed and restarted.
type invariantWatcher struct {
	// taken explains which work may run once more.
	taken *takeaways

	mu sync.Mutex
	// limits holds how many nodes of each Job may work at once. 0 means no limit.
	limits map[string]int
	pods   map[types.UID]*corev1.Pod
	// gone holds when the watcher saw that a pod is gone, and owners of which DaemonSet
	// each pod is.
	gone   map[types.UID]time.Time
	owners map[types.UID]types.UID
	// slots holds on which node a pod works now, or is about to. working counts them
	// for each Job, and mostWorking is the highest such count so far.
	slots                map[types.UID]place
	working, mostWorking map[string]int
	// completedBy holds the pod that did work. replacements holds the pods that were
	// created after that pod was gone without an excuse. Two pods may exist at once
	// without a violation: the DaemonSet controller creates a second pod if the API
	// server did not answer its first request.
	completedBy  map[work]completion
	replacements map[types.UID]bool
	// absent holds until when a node counts as one that left. lost holds the pods that
	// were on it: no kubelet runs them.
	absent map[string]time.Time
	lost   map[types.UID]bool
	runs   map[string]*history
	broken []string
}

// place is a Job on a node.
type place struct{ job, node string }

// work is what the pods of a place do for one template.
type work struct {
	place
	hash string
}

// completion is which pod did work, and when the watcher saw it.
type completion struct {
	pod types.UID
	at  time.Time
}

func newInvariantWatcher(taken *takeaways) *invariantWatcher {
	return &invariantWatcher{
		taken: taken, limits: map[string]int{}, pods: map[types.UID]*corev1.Pod{}, gone: map[types.UID]time.Time{}, owners: map[types.UID]types.UID{}, slots: map[types.UID]place{},
		working: map[string]int{}, mostWorking: map[string]int{},
		completedBy: map[work]completion{}, replacements: map[types.UID]bool{},
		absent: map[string]time.Time{}, lost: map[types.UID]bool{}, runs: map[string]*history{},
	}
}

// setLimit sets how many nodes of a Job may work at once.
func (w *invariantWatcher) setLimit(job string, limit int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.limits[job] = limit
}

// nodeLeft records that a node is about to leave. back records that it joins again. Pods
// that the watcher sees shortly after that may be those of before.
func (w *invariantWatcher) nodeLeft(node string) (back func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.absent[node] = time.Now().Add(time.Hour)
	for uid, pod := range w.pods {
		if pod.Spec.NodeName == node {
			w.lost[uid] = true
			w.release(uid)
		}
	}
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.absent[node] = time.Now().Add(3 * time.Second)
	}
}

// justJoined returns the nodes whose pods may still be those of before they left, so that
// the watcher does not count their work.
func (w *invariantWatcher) justJoined() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	maps.DeleteFunc(w.absent, func(_ string, until time.Time) bool { return time.Now().After(until) })
	return slices.Sorted(maps.Keys(w.absent))
}

// release frees the slot of a pod, if it takes one.
func (w *invariantWatcher) release(pod types.UID) {
	if at, ok := w.slots[pod]; ok {
		w.working[at.job]--
		delete(w.slots, pod)
	}
}

func (w *invariantWatcher) record(pod *corev1.Pod, gone bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.release(pod.UID)
	delete(w.pods, pod.UID)
	if gone {
		w.gone[pod.UID] = time.Now()
		return
	}
	w.pods[pod.UID] = pod
	if owner := metav1.GetControllerOfNoCopy(pod); owner != nil {
		w.owners[pod.UID] = owner.UID
	}
	if time.Now().Before(w.absent[pod.Spec.NodeName]) {
		w.lost[pod.UID] = true
	}
	if w.lost[pod.UID] {
		return
	}
	at := place{pod.Labels[v1beta1.LabelJob], pod.Spec.NodeName}
	if takesSlot(pod) {
		w.takeSlot(pod.UID, at)
	}
	w.recordWork(pod, work{at, pod.Labels[v1beta1.LabelTemplateHash]})
}

// takeSlot gives the pod a slot of its Job, and checks that there is one.
func (w *invariantWatcher) takeSlot(pod types.UID, at place) {
	limit := w.limits[at.job]
	for other, of := range w.slots {
		// Only pods with a gate wait for one another.
		if limit > 0 && of == at && at.node != "" {
			w.breaks("pods %s and %s of Job %s work on %s at once", other, pod, at.job, at.node)
		}
	}
	w.slots[pod] = at
	w.working[at.job]++
	w.mostWorking[at.job] = max(w.mostWorking[at.job], w.working[at.job])
	if limit > 0 && w.working[at.job] > limit {
		w.breaks("%d nodes of Job %s work at once, of %d that may", w.working[at.job], at.job, limit)
	}
}

// recordWork records who did the work, and checks that it was done once. The pods of a
// DaemonSet that was removed do not count: another check is that the soak removed it.
func (w *invariantWatcher) recordWork(pod *corev1.Pod, of work) {
	now := time.Now()
	w.recordRun(pod, of)
	by, wasDone := w.completedBy[of]
	sameDaemonSet := w.owners[by.pod] == w.owners[pod.UID]
	if wasDone && by.pod != pod.UID && sameDaemonSet && w.pods[by.pod] == nil && !w.taken.excuse(of.job, of.node, by.at, now) {
		w.replacements[pod.UID] = true
	}
	if !isFinished(pod) {
		return
	}
	if w.replacements[pod.UID] {
		w.breaks("done twice: %s on %s, template %s", of.job, of.node, of.hash)
	}
	if by.pod != pod.UID {
		w.completedBy[of] = completion{pod.UID, now}
	}
}

// goneBy returns whether the watcher saw by that time that the pod is gone.
func (w *invariantWatcher) goneBy(pod string, at time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	gone, ok := w.gone[types.UID(pod)]
	return ok && !gone.After(at)
}

// sameDaemonSet returns whether both pods are, or may be, of one DaemonSet.
func (w *invariantWatcher) sameDaemonSet(pod, other string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.owners[types.UID(pod)] == w.owners[types.UID(other)]
}

func (w *invariantWatcher) breaks(format string, args ...any) {
	w.broken = append(w.broken, time.Now().UTC().Format(time.RFC3339Nano)+": "+fmt.Sprintf(format, args...))
}

// violations returns the violations recorded so far.
func (w *invariantWatcher) violations() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.broken...)
}
