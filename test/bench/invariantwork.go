package main

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// simulatedBackoffLimit is the backoffLimit of all simulated Jobs. A pod that failed more
// often frees its slot.
const simulatedBackoffLimit = 6

// history is what the watcher knows of the Job that has a name now.
type history struct {
	// daemonSets were made for the name, of which the soak allows so many.
	daemonSets map[types.UID]bool
	allowed    int
	// former ones belong to an earlier Job of the name. done holds the work of the
	// present one.
	former map[types.UID]bool
	done   map[work]bool
}

func (w *invariantWatcher) historyOf(job string) *history {
	if w.runs[job] == nil {
		w.runs[job] = &history{daemonSets: map[types.UID]bool{}, allowed: 1, former: map[types.UID]bool{}, done: map[work]bool{}}
	}
	return w.runs[job]
}

// daemonSetRemoved records that the soak is about to delete a Job's DaemonSet, by itself
// or with the Job. Only then may the manager make another one.
func (w *invariantWatcher) daemonSetRemoved(job string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.historyOf(job).allowed++
}

// jobReplaced records that another Job of the same name is about to be created.
func (w *invariantWatcher) jobReplaced(job string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.historyOf(job)
	for uid := range h.daemonSets {
		h.former[uid] = true
	}
	clear(h.done)
}

// recordRun records which DaemonSet a pod is of, and whether its work is done.
func (w *invariantWatcher) recordRun(pod *corev1.Pod, of work) {
	owner, owned := w.owners[pod.UID]
	if !owned {
		return
	}
	h := w.historyOf(of.job)
	if !h.daemonSets[owner] {
		h.daemonSets[owner] = true
		if made := len(h.daemonSets); made > h.allowed {
			w.breaks("Job %s has its DaemonSet number %d, of %d that may be made", of.job, made, h.allowed)
		}
	}
	if isFinished(pod) && !h.former[owner] {
		h.done[of] = true
	}
}

// undone returns the nodes, of those given, that have not done the work of a template
// for the Job that has the name now.
func (w *invariantWatcher) undone(job, hash string, nodes []string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, node := range nodes {
		if !w.historyOf(job).done[work{place{job, node}, hash}] {
			all = append(all, node)
		}
	}
	return all
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
