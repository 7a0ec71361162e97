package job

import (
	"context"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// census holds what each pod says of its node, by Job. The events of the cache keep
// it: a pod is read once when it changes, and not whenever its Job is looked at.
type podIndex struct {
	mu   sync.Mutex
	jobs map[types.NamespacedName]map[string]observedPod
}

func newPodIndex() *podIndex {
	return &podIndex{jobs: map[types.NamespacedName]map[string]observedPod{}}
}

// events keeps the census, and looks soon at the Job of a pod that says something
// else of its node than before. The controller starts to work when it has been told
// of every pod that there is.
func (c *podIndex) events() handler.EventHandler {
	update := func(o client.Object, q queue) {
		if job, ok := jobOfLabels(o); ok && c.update(job, o) {
			enqueueBatched(job, q)
		}
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q queue) { update(e.Object, q) },
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q queue) {
			// Labels can be changed, also those that say whose pod it is.
			if before, ok := jobOfLabels(e.ObjectOld); ok && e.ObjectOld.GetLabels()[v1beta1.LabelJob] != e.ObjectNew.GetLabels()[v1beta1.LabelJob] {
				c.remove(before, e.ObjectOld)
				enqueueBatched(before, q)
			}
			update(e.ObjectNew, q)
		},
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, q queue) {
			if job, ok := jobOfLabels(e.Object); ok {
				c.remove(job, e.Object)
				enqueueBatched(job, q)
			}
		},
	}
}

// note what a pod says, and whether that is something else than before.
func (c *podIndex) update(job types.NamespacedName, o client.Object) (changed bool) {
	pod, ok := o.(*corev1.Pod)
	if !ok {
		return false
	}
	after := readPod(pod)
	c.mu.Lock()
	defer c.mu.Unlock()
	pods := c.jobs[job]
	if pods == nil {
		pods = map[string]observedPod{}
		c.jobs[job] = pods
	}
	before, known := pods[pod.Name]
	pods[pod.Name] = after
	return !known || !sameState(before, after)
}

// drop a pod that is gone.
func (c *podIndex) remove(job types.NamespacedName, pod client.Object) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.jobs[job], pod.GetName())
	if len(c.jobs[job]) == 0 {
		delete(c.jobs, job)
	}
}

// nodes of the Job that the facts are about, of every template. Pods that belong to
// somebody else are none of them, whatever their labels say.
func (c *podIndex) nodes(f *State) []observedPod {
	limit := backoffLimit(&f.job.Spec)
	c.mu.Lock()
	defer c.mu.Unlock()
	pods := c.jobs[types.NamespacedName{Namespace: f.job.Namespace, Name: f.job.Name}]
	nodes := make([]observedPod, 0, len(pods))
	for _, n := range pods {
		if n.owner == f.daemonSet.UID {
			n.evaluate(f.hash, limit)
			nodes = append(nodes, n)
		}
	}
	return nodes
}

// sameNode says whether both say the same, in whichever version of the pod.
func sameState(a, b observedPod) bool {
	sameExit := (a.exitCode == nil) == (b.exitCode == nil) && (a.exitCode == nil || *a.exitCode == *b.exitCode)
	a.exitCode, b.exitCode = nil, nil
	a.version, b.version = "", ""
	return sameExit && a == b
}
