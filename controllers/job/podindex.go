package job

import (
	"context"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
	"github.com/darkowlzz/daemonset-job/internal/podcache"
)

// podIndex holds what each pod in the informer cache says about its work, by Job.
// The cache's events keep it up to date: a pod is read once when it changes, and
// not whenever its Job is reconciled.
type podIndex struct {
	mu   sync.Mutex
	jobs map[types.NamespacedName]map[string]plan.Pod
	// gone pods were done when they were deleted. They are kept until a reconcile has observed
	// them: they may be the only ones that say so.
	gone map[types.NamespacedName][]plan.Pod
	// large are the sizes of each Job's large pods, in bytes, by name.
	large map[types.NamespacedName]map[string]int
}

func newPodIndex() *podIndex {
	return &podIndex{
		jobs: map[types.NamespacedName]map[string]plan.Pod{}, gone: map[types.NamespacedName][]plan.Pod{},
		large: map[types.NamespacedName]map[string]int{},
	}
}

// handler updates the index, and enqueues the Job of a pod that says something
// else about its work than before. The controller starts its workers once the
// handler has seen every pod of the first list.
func (i *podIndex) handler() handler.EventHandler {
	update := func(o client.Object, q queue) {
		if job, ok := jobOfLabels(o); ok && i.update(job, o) {
			enqueueBatched(job, q)
		}
	}
	remove := func(o client.Object, q queue) {
		if job, ok := jobOfLabels(o); ok {
			i.remove(job, o)
			enqueueBatched(job, q)
		}
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q queue) { update(e.Object, q) },
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q queue) {
			// A user can change the label that says which Job a pod belongs to.
			if e.ObjectOld.GetLabels()[v1beta1.LabelJob] != e.ObjectNew.GetLabels()[v1beta1.LabelJob] {
				remove(e.ObjectOld, q)
			}
			update(e.ObjectNew, q)
		},
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, q queue) { remove(e.Object, q) },
	}
}

// update reads a pod, and returns whether it says something else than before.
func (i *podIndex) update(job types.NamespacedName, o client.Object) (changed bool) {
	pod, ok := o.(*corev1.Pod)
	if !ok {
		return false
	}
	after := plan.ReadPod(pod)
	i.mu.Lock()
	defer i.mu.Unlock()
	pods := i.jobs[job]
	if pods == nil {
		pods = map[string]plan.Pod{}
		i.jobs[job] = pods
	}
	if size := podcache.SizeOf(pod); size > 0 {
		if i.large[job] == nil {
			i.large[job] = map[string]int{}
		}
		i.large[job][pod.Name] = size
	} else {
		i.removeLarge(job, pod.Name)
	}
	before := pods[pod.Name]
	pods[pod.Name] = after
	return !before.SaysTheSame(after)
}

// remove drops a pod that is deleted.
func (i *podIndex) remove(job types.NamespacedName, pod client.Object) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if last, ok := i.jobs[job][pod.GetName()]; ok && last.State == plan.Succeeded {
		last.Gone = true
		i.gone[job] = append(i.gone[job], last)
	}
	delete(i.jobs[job], pod.GetName())
	if len(i.jobs[job]) == 0 {
		delete(i.jobs, job)
	}
	i.removeLarge(job, pod.GetName())
}

func (i *podIndex) removeLarge(job types.NamespacedName, pod string) {
	delete(i.large[job], pod)
	if len(i.large[job]) == 0 {
		delete(i.large, job)
	}
}

// largest returns the size of the Job's largest pod in bytes, 0 if none is large.
func (i *podIndex) largest(job types.NamespacedName) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	largest := 0
	for _, size := range i.large[job] {
		largest = max(largest, size)
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
func (i *podIndex) pods(job types.NamespacedName) []plan.Pod {
	i.mu.Lock()
	defer i.mu.Unlock()
	pods := make([]plan.Pod, 0, len(i.jobs[job]))
	for _, pod := range i.jobs[job] {
		pods = append(pods, pod)
	}
	return pods
}
