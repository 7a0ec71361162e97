package main

import (
	"strconv"
	"time"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// told is a history that is told what a cluster writes, one revision after another.
type told struct {
	*recordHistory
	g    Gomega
	last int
}

// tell returns a history of a Job with a DaemonSet, on the nodes a and b.
func tell(g Gomega) *told {
	t := &told{newRecordHistory(), g, 100}
	t.write(node("a", "a1"))
	t.write(node("b", "b1"))
	t.write(jobWith(v1beta1.JobStatus{TemplateHash: "h1", RunGeneration: 1, Desired: 2}))
	t.write(daemonSetWith("h1"))
	return t
}

// write tells of a write, as an event of a watch.
func (t *told) write(object client.Object) *told {
	t.last++
	object.SetResourceVersion(strconv.Itoa(t.last))
	t.record(object, false)
	return t
}

// list tells of a write that a list shows.
func (t *told) list(object client.Object) *told {
	t.last++
	object.SetResourceVersion(strconv.Itoa(t.last))
	t.record(object, true)
	return t
}

// deletePod tells that a pod is deleted.
func (t *told) deletePod(pod *corev1.Pod) *told {
	t.last++
	pod.SetResourceVersion(strconv.Itoa(t.last))
	endOne(t.recordHistory, t.pods, func(p *podHistory) *life { return &p.life }, pod)
	return t
}

// deleteNode tells that a node left.
func (t *told) deleteNode(node *corev1.Node) *told {
	t.last++
	node.SetResourceVersion(strconv.Itoa(t.last))
	endOne(t.recordHistory, t.nodes, func(n *nodeHistory) *life { return &n.life }, node)
	return t
}

// is checks which problems the history has, if the manager deleted these pods.
func (t *told) is(problem string, deleted ...*corev1.Pod) {
	names := map[string]bool{}
	for _, pod := range deleted {
		names[pod.Name] = true
	}
	found := t.problems(names)
	if problem == "" {
		t.g.Expect(found).To(BeEmpty())
		return
	}
	t.g.Expect(found).To(ConsistOf(ContainSubstring(problem)))
}

func node(name string, uid types.UID) *corev1.Node {
	return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, UID: uid}}
}

func jobWith(status v1beta1.JobStatus) *v1beta1.Job {
	return wrappers.Job("ns", "j").UID("job").Status(status).Obj()
}

// failed is the status of a Job that failed at that time.
func failed(at time.Time) v1beta1.JobStatus {
	return v1beta1.JobStatus{TemplateHash: "h1", RunGeneration: 1, Desired: 2, Failed: 1, Conditions: []metav1.Condition{{
		Type: v1beta1.JobFailed, Status: metav1.ConditionTrue, LastTransitionTime: metav1.NewTime(at),
	}}}
}

func daemonSetWith(hash string) *appsv1.DaemonSet {
	ds := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{
		Name: "ds", UID: "ds", OwnerReferences: []metav1.OwnerReference{{UID: "job", Controller: new(true)}},
		ManagedFields: []metav1.ManagedFieldsEntry{{Manager: v1beta1.ManagerFieldOwner, Time: new(metav1.Now())}},
	}}
	ds.Spec.Template.Labels = map[string]string{v1beta1.LabelTemplateHash: hash}
	return ds
}

// podOf returns a pod of the DaemonSet on a node.
func podOf(node string, change func(*wrappers.PodWrapper)) *corev1.Pod {
	w := wrappers.Pod(theJob, node, "h1")
	w.OwnerReferences = []metav1.OwnerReference{{UID: "ds", Controller: new(true)}}
	change(w)
	return w.Obj()
}

func gatedPod(node string) *corev1.Pod {
	return podOf(node, func(w *wrappers.PodWrapper) { w.Gated() })
}

func workingPod(node string) *corev1.Pod { return podOf(node, func(*wrappers.PodWrapper) {}) }

func donePod(node string) *corev1.Pod {
	return podOf(node, func(w *wrappers.PodWrapper) { w.Completed() })
}

// pageWith returns the page of the Job with entries for nodes that are done.
func pageWith(nodes ...types.UID) *v1beta1.JobRecord {
	page := &v1beta1.JobRecord{
		ObjectMeta: metav1.ObjectMeta{Name: "j-0", UID: "page", Labels: map[string]string{v1beta1.LabelJobUID: "job"}},
		Spec:       v1beta1.JobRecordSpec{Run: v1beta1.JobRun{TemplateHash: "h1", Generation: 1}},
	}
	for _, uid := range nodes {
		page.Spec.Nodes = append(page.Spec.Nodes, v1beta1.NodeRecord{Node: string(uid[:1]), NodeUID: uid, Result: v1beta1.RecordSucceeded})
	}
	return page
}
