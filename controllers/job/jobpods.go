package job

import (
	"slices"
	"time"

	"github.com/darkowlzz/daemonset-job/internal/plan"
	"github.com/darkowlzz/daemonset-job/internal/podcache"
)

// jobPods are the pods of a Job in the informer cache.
type jobPods struct {
	// pods are by name. They are the informer's own: there is one copy of each.
	pods map[string]*podcache.Pod
	// gone pods were done when they were deleted. They are kept until a reconcile has observed
	// them: they may be the only ones that say so.
	gone []plan.Pod
	// active is how many pods are at work.
	active int
	// ended is how many pods have ended their work, or were deleted at work, and seen how many of those the
	// last Plan has observed. awaited is the number of ends that the next Plan waits for, 0 for none.
	ended, seen, awaited int
	// bySlots says that the Job has parallelism, so that each end lets another node start.
	bySlots bool
}

// update stores a pod. It returns whether the pod says something else than before, and how long to
// collect events.
func (j *jobPods) update(pod *podcache.Pod) (changed bool, wait time.Duration) {
	before := j.pods[pod.Name]
	j.pods[pod.Name] = pod
	return before == nil || !before.SaysTheSame(pod.Pod), j.count(before, pod)
}

// remove drops a pod that is deleted, and returns how long to collect events.
func (j *jobPods) remove(name string) (wait time.Duration) {
	removed := j.pods[name]
	if isIn(plan.Succeeded, removed) {
		gone := removed.Pod
		gone.Gone = true
		j.gone = append(j.gone, gone)
	}
	delete(j.pods, name)
	return j.count(removed, nil)
}

// count counts a pod that is replaced by another version, nil for none, and returns how long to
// collect events.
func (j *jobPods) count(before, after *podcache.Pod) time.Duration {
	if isIn(plan.Active, before) {
		j.active--
	}
	if isIn(plan.Active, after) {
		j.active++
	}
	ends := isIn(plan.Succeeded, after) && !isIn(plan.Succeeded, before) || isIn(plan.Active, before) && after == nil
	if ends {
		j.ended++
	}
	switch isAwaited := ends && j.awaited > 0 && j.ended >= j.awaited; {
	case isAwaited && j.bySlots:
		return turnOf(len(j.pods))
	case isAwaited:
		return 0 // The Job may be complete.
	case isIn(plan.Gated, after), after != nil && after.Restarts > 0:
		// A gated pod may wait for the manager, and a rule for an exit code must see it before the
		// container ends again.
		return batch
	case j.bySlots:
		return batchOf(j.active, batchedAtWork)
	}
	return batchOf(len(j.pods), batchedPods)
}

// isIn returns whether there is a pod, and its work is in this state.
func isIn(state plan.PodState, pod *podcache.Pod) bool { return pod != nil && pod.State == state }

// await notes what the next Plan waits for. Pods that ended since the present Plan observed them count. It
// may have observed more of them live: the next one is then due earlier, and finds less to do.
func (j *jobPods) await(awaits plan.Awaits) {
	j.awaited, j.bySlots = 0, awaits.Slots
	if awaits.Ends > 0 {
		j.awaited = j.seen + awaits.Ends
	}
}

// appendTo appends all pods to a slice, which then has room for those that are gone.
func (j *jobPods) appendTo(pods []plan.Pod) []plan.Pod {
	pods = slices.Grow(pods, len(j.pods)+len(j.gone))
	for _, pod := range j.pods {
		pods = append(pods, pod.Pod)
	}
	return pods
}
