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
	mu   sync.Mutex
	jobs map[types.NamespacedName]*jobPods
	// replaced keeps what pods said before they changed, while a live list is open.
	replaced livelist.Replaced[*podcache.Pod]
}

func newPodIndex() *podIndex { return &podIndex{jobs: map[types.NamespacedName]*jobPods{}} }

// of returns the pods of a Job, to read them. The caller locks.
func (i *podIndex) of(job types.NamespacedName) *jobPods {
	if pods := i.jobs[job]; pods != nil {
		return pods
	}
	return &jobPods{}
}

// handler updates the index, and enqueues the Job of a pod that says something
// else about its work than before. The controller starts its workers once the
// handler has seen every pod of the first list.
func (i *podIndex) handler() handler.EventHandler {
	update := func(o client.Object, q queue) {
		if pod := cachedPod(o); pod != nil && pod.Job().Name != "" {
			if changed, wait := i.update(pod); changed {
				enqueueAfter(pod.Job(), q, wait)
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
func (i *podIndex) update(pod *podcache.Pod) (changed bool, wait time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.jobs[pod.Job()] == nil {
		i.jobs[pod.Job()] = &jobPods{pods: map[string]*podcache.Pod{}}
	}
	i.replace(pod)
	return i.jobs[pod.Job()].update(pod)
}

// remove drops a pod that is deleted, and returns how long to collect events.
func (i *podIndex) remove(pod *podcache.Pod) time.Duration {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.replace(pod)
	wait := i.of(pod.Job()).remove(pod.Name)
	i.dropIfEmpty(pod.Job())
	return wait
}

// replace keeps what the index has of a pod that changes, for the live lists that are open. The caller locks.
func (i *podIndex) replace(pod *podcache.Pod) {
	if before := i.of(pod.Job()).pods[pod.Name]; before != nil {
		i.replaced.Add(before)
	}
}

// dropIfEmpty forgets a Job without pods. The caller locks.
func (i *podIndex) dropIfEmpty(job types.NamespacedName) {
	if pods := i.of(job); len(pods.pods)+len(pods.gone) == 0 {
		delete(i.jobs, job)
	}
}

// largest returns the size of the Job's largest pod in bytes, 0 if none is large.
func (i *podIndex) largest(job types.NamespacedName) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	largest := 0
	for _, pod := range i.of(job).pods {
		largest = max(largest, pod.Size)
	}
	return largest
}

// gonePods returns the pods of a Job that were done and are deleted.
func (i *podIndex) gonePods(job types.NamespacedName) []plan.Pod {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.of(job).gone)
}

// forgetGone drops the first n gone pods of a Job, or all of a Job that is deleted.
func (i *podIndex) forgetGone(job types.NamespacedName, n int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	pods := i.of(job)
	if pods.gone = pods.gone[min(n, len(pods.gone)):]; len(pods.gone) == 0 {
		pods.gone = nil // Go frees the pods that were appended.
	}
	i.dropIfEmpty(job)
}

// pods returns all pods with a Job's labels, whoever controls them.
func (i *podIndex) pods(job types.NamespacedName) []plan.Pod {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.of(job).appendTo(nil)
}

// observe appends all pods with a Job's labels to a slice, for a Plan.
func (i *podIndex) observe(pods []plan.Pod, job types.NamespacedName) []plan.Pod {
	i.mu.Lock()
	defer i.mu.Unlock()
	observed := i.of(job)
	observed.seen = observed.ended
	return observed.appendTo(pods)
}

// await notes what the next Plan of a Job waits for, by the present one.
func (i *podIndex) await(job types.NamespacedName, awaits plan.Awaits) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.of(job).await(awaits)
}

// inVersions returns the pods of a Job that are as the API server has listed them, and those listed that the index
// has not had in just that version.
func (i *podIndex) inVersions(job types.NamespacedName, listed []livelist.Version) (pods []*podcache.Pod, stale []livelist.Version) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return livelist.Compare(listed, i.of(job).pods, &i.replaced)
}

// podLists are slices for the pods of a reconcile. On 15,000 nodes a Job is reconciled each
// second while they work, and each reconcile would leave six megabytes of garbage. Go frees
// those that are not used for a while.
var podLists = sync.Pool{New: func() any { return new([]plan.Pod) }}
