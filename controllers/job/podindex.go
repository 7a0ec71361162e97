package job

import (
	"context"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/darkowlzz/daemonset-job/internal/livelist"
	"github.com/darkowlzz/daemonset-job/internal/plan"
	"github.com/darkowlzz/daemonset-job/internal/podcache"
)

// podIndex holds what each pod in the informer cache says about its work, by Job.
// The cache's events keep it up to date: a pod is read once when it changes, and
// not whenever its Job is reconciled.
type podIndex struct {
	mu sync.Mutex
	// jobs are the pods of each Job by name. They are the informer's own: there is one copy of each.
	jobs map[types.NamespacedName]map[string]*podcache.Pod
	// gone pods were done when they were deleted. They are kept until a reconcile has observed
	// them: they may be the only ones that say so.
	gone map[types.NamespacedName][]plan.Pod
	// active is how many pods of each Job are at work.
	active map[types.NamespacedName]int
}

func newPodIndex() *podIndex {
	return &podIndex{jobs: map[types.NamespacedName]map[string]*podcache.Pod{}, gone: map[types.NamespacedName][]plan.Pod{},
		active: map[types.NamespacedName]int{}}
}

// handler updates the index, and enqueues the Job of a pod that says something
// else about its work than before. The controller starts its workers once the
// handler has seen every pod of the first list.
func (i *podIndex) handler() handler.EventHandler {
	update := func(o client.Object, q queue) {
		if pod := cachedPod(o); pod != nil && pod.Job().Name != "" {
			if changed, batch := i.update(pod); changed {
				enqueueAfter(pod.Job(), q, batch)
			}
		}
	}
	remove := func(o client.Object, q queue) {
		if pod := cachedPod(o); pod != nil && pod.Job().Name != "" {
			enqueueAfter(pod.Job(), q, i.remove(pod))
		}
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q queue) { update(e.Object, q) },
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q queue) {
			// A user can change the label that says which Job a pod belongs to.
			before, after := cachedPod(e.ObjectOld), cachedPod(e.ObjectNew)
			if before != nil && after != nil && before.Job() != after.Job() {
				remove(e.ObjectOld, q)
			}
			update(e.ObjectNew, q)
		},
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, q queue) { remove(e.Object, q) },
	}
}

// cachedPod returns a pod as the informer cache holds it, nil for another object.
func cachedPod(o client.Object) *podcache.Pod {
	switch pod := o.(type) {
	case *podcache.Pod:
		return pod
	case *corev1.Pod:
		return podcache.Of(pod)
	}
	return nil
}

// update stores a pod. It returns whether the pod says something else than before, and how long to
// collect events before its Job is enqueued.
func (i *podIndex) update(pod *podcache.Pod) (changed bool, batch time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	pods := i.jobs[pod.Job()]
	if pods == nil {
		pods = map[string]*podcache.Pod{}
		i.jobs[pod.Job()] = pods
	}
	before := pods[pod.Name]
	pods[pod.Name] = pod
	return before == nil || !before.SaysTheSame(pod.Pod), i.count(pod.Job(), before, pod)
}

// count counts a pod that is replaced by another version, nil for none, and returns how long to
// collect events. The caller locks.
func (i *podIndex) count(job types.NamespacedName, before, after *podcache.Pod) time.Duration {
	was, is := isActive(before), isActive(after)
	switch {
	case is && !was:
		i.active[job]++
	case was && !is && i.active[job] == 1:
		delete(i.active, job)
		return lastBatchOf(len(i.jobs[job]))
	case was && !is:
		i.active[job]--
	}
	return batchOf(i.active[job])
}

func isActive(pod *podcache.Pod) bool { return pod != nil && pod.State == plan.Active }

// remove drops a pod that is deleted, and returns how long to collect events.
func (i *podIndex) remove(pod *podcache.Pod) time.Duration {
	i.mu.Lock()
	defer i.mu.Unlock()
	job := pod.Job()
	last := i.jobs[job][pod.Name]
	if last != nil && last.State == plan.Succeeded {
		gone := last.Pod
		gone.Gone = true
		i.gone[job] = append(i.gone[job], gone)
	}
	delete(i.jobs[job], pod.Name)
	after := i.count(job, last, nil)
	if len(i.jobs[job]) == 0 {
		delete(i.jobs, job)
	}
	return after
}

// largest returns the size of the Job's largest pod in bytes, 0 if none is large.
func (i *podIndex) largest(job types.NamespacedName) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	largest := 0
	for _, pod := range i.jobs[job] {
		largest = max(largest, pod.Size)
	}
	return largest
}

// gonePods returns the pods of a Job that were done and are deleted.
func (i *podIndex) gonePods(job types.NamespacedName) []plan.Pod {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.gone[job])
}

// forgetGone drops the first n gone pods of a Job, or all of a Job that is deleted.
func (i *podIndex) forgetGone(job types.NamespacedName, n int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.gone[job] = i.gone[job][min(n, len(i.gone[job])):]; len(i.gone[job]) == 0 {
		delete(i.gone, job)
	}
}

// pods returns all pods with a Job's labels, whoever controls them.
func (i *podIndex) pods(job types.NamespacedName) []plan.Pod { return i.podsInto(nil, job) }

// podsInto appends all pods with a Job's labels to a slice.
func (i *podIndex) podsInto(pods []plan.Pod, job types.NamespacedName) []plan.Pod {
	i.mu.Lock()
	defer i.mu.Unlock()
	pods = slices.Grow(pods, len(i.jobs[job])+len(i.gone[job]))
	for _, pod := range i.jobs[job] {
		pods = append(pods, pod.Pod)
	}
	return pods
}

// inVersions returns the pods of a Job that are as the API server has listed them, and the names of
// those that the index lacks, or has in another version.
func (i *podIndex) inVersions(job types.NamespacedName, listed []livelist.Version) (pods []plan.Pod, stale []string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	current, stale := livelist.Compare(listed, i.jobs[job])
	pods = make([]plan.Pod, 0, len(current))
	for _, pod := range current {
		pods = append(pods, pod.Pod)
	}
	return pods, stale
}

// podLists are slices for the pods of a reconcile. On 15,000 nodes a Job is reconciled ten times
// a second while they work, and each reconcile would leave five megabytes of garbage. Go frees
// those that are not used for a while.
var podLists = sync.Pool{New: func() any { return new([]plan.Pod) }}
