package job

import (
	"context"
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// node is a Ready node.
func node(name string) *corev1.Node {
	return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name + "-uid")}, Status: corev1.NodeStatus{
		Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
	}}
}

func theJob() *wrappers.JobWrapper { return wrappers.Job("ns", "j").UID("j-uid").Generation(1) }

// gatedJob is theJob once every node has its pod.
func gatedJob() *wrappers.JobWrapper { return theJob().Status(v1beta1.JobStatus{Gated: true}) }

// daemonSetFor is the DaemonSet of a Job with so many nodes, observed by its controller.
func daemonSetFor(t *testing.T, j *v1beta1.Job, nodes int32) *appsv1.DaemonSet {
	t.Helper()
	hash, err := daemonset.CurrentHash(j, nil)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return daemonSetWith(t, j, hash, nodes)
}

// daemonSetWith is the same with this template hash.
func daemonSetWith(t *testing.T, j *v1beta1.Job, hash string, nodes int32) *appsv1.DaemonSet {
	t.Helper()
	ds, err := daemonset.Desired(j, hash, daemonset.Pause{Image: "pause:v1"})
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	ds.UID, ds.Generation = theDaemonSet.UID, 1
	ds.Status = appsv1.DaemonSetStatus{ObservedGeneration: 1, DesiredNumberScheduled: nodes, CurrentNumberScheduled: nodes}
	return ds
}

// podFor is a pod of the DaemonSet on a node.
func podFor(ds *appsv1.DaemonSet, on string, change func(*wrappers.PodWrapper)) client.Object {
	w := wrappers.Pod(aJob, on, ds.Spec.Template.Labels[v1beta1.LabelTemplateHash])
	if change != nil {
		change(w)
	}
	return owned(w)
}

func completed(w *wrappers.PodWrapper) { w.Completed() }

func failing(w *wrappers.PodWrapper) { w.Restarted(v1beta1.ContainerName, 7, 1, "") }

// must changes the API server's objects. The cache does not observe it.
func (c *cluster) must(err error) { c.g.Expect(err).NotTo(HaveOccurred()) }

func (c *cluster) edit(o client.Object, change func()) {
	c.g.Expect(c.get(o)).To(BeTrue())
	change()
	c.must(c.server.Update(context.Background(), o))
}

// replace deletes an object and creates another one.
func (c *cluster) replace(before, after client.Object) {
	c.must(c.server.Delete(context.Background(), before))
	after, ok := after.DeepCopyObject().(client.Object)
	c.g.Expect(ok).To(BeTrue())
	after.SetResourceVersion("")
	c.must(c.server.Create(context.Background(), after))
}

// Each case is what the cache of a manager that has just started does not show yet.
func TestNothingStartsForAStaleJob(t *testing.T) {
	foreign := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: v1beta1.DaemonSetName("j"), UID: "foreign"}}
	stale := map[string]func(*cluster){
		"the Job is deleted": func(c *cluster) { c.must(c.server.Delete(context.Background(), theJob().Obj())) },
		"the Job is being deleted": func(c *cluster) {
			j := theJob().Obj()
			c.edit(j, func() { j.Finalizers = []string{"example.com/keep"} })
			c.must(c.server.Delete(context.Background(), j))
		},
		"the Job was made again": func(c *cluster) {
			c.must(c.server.Delete(context.Background(), theJob().Obj()))
			c.must(c.server.Create(context.Background(), theJob().UID("other").Obj()))
		},
		"the Job's spec changed": func(c *cluster) {
			j := theJob().Obj()
			c.edit(j, func() { j.Generation = 2 })
		},
		"the Job is finished": func(c *cluster) {
			j := theJob().Obj()
			c.g.Expect(c.get(j)).To(BeTrue())
			j.Status.Conditions = []metav1.Condition{{Type: v1beta1.JobComplete, Status: metav1.ConditionTrue}}
			c.must(c.server.Status().Update(context.Background(), j))
		},
		"a pod of an earlier Job works": func(c *cluster) { c.must(c.server.Create(context.Background(), owned(pod("a")))) },
		"the name is taken":             func(c *cluster) { c.must(c.server.Create(context.Background(), foreign.DeepCopy())) },
	}
	for name, change := range stale {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, theJob().Obj(), node("a"))
			change(c)
			c.must(c.reconcile())
			ds := foreign.DeepCopy()
			if c.get(ds) {
				c.g.Expect(ds.UID).To(Equal(foreign.UID))
				c.g.Expect(ds.Spec).To(Equal(foreign.Spec))
			}
		})
		if name == "a pod of an earlier Job works" || name == "the name is taken" {
			continue
		}
		t.Run(name+", and its DaemonSet would be rolled back", func(t *testing.T) {
			later := daemonSetFor(t, theJob().Image("example.com/later:v1").Obj(), 1)
			c := newCluster(t, theJob().Obj(), node("a"), later)
			change(c)
			c.must(c.reconcile())
			ds := later.DeepCopy()
			c.g.Expect(c.get(ds)).To(BeTrue())
			c.g.Expect(ds.Spec).To(Equal(later.Spec))
		})
	}
}

// What a pod said of its node holds, although the cache is stale: the work is done.
func TestADoneNodeIsDoneAlthoughItsPodWasReplaced(t *testing.T) {
	ds := daemonSetFor(t, gatedJob().Obj(), 1)
	c := newCluster(t, gatedJob().Obj(), node("a"), ds, podFor(ds, "a", completed))
	c.must(c.server.Delete(context.Background(), podFor(ds, "a", nil)))
	c.must(c.server.Create(context.Background(), podFor(ds, "a", func(w *wrappers.PodWrapper) { w.Gated() })))
	c.must(c.reconcile())
	c.g.Expect(c.status().Phase).To(Equal(v1beta1.PhaseComplete))
	c.g.Expect(c.pods()[0].Spec.SchedulingGates).NotTo(BeEmpty())
}

// The cache shows what would end the Job, and the API server has something newer.
func TestAVerdictRestsOnALiveRead(t *testing.T) {
	for name, test := range map[string]struct {
		cached func(*wrappers.PodWrapper)
		change func(c *cluster, ds *appsv1.DaemonSet)
	}{
		"a failed pod succeeded": {failing, func(c *cluster, ds *appsv1.DaemonSet) {
			c.must(c.server.Delete(context.Background(), podFor(ds, "a", nil)))
			c.must(c.server.Create(context.Background(), podFor(ds, "a", nil)))
		}},
		"a node joined": {completed, func(c *cluster, _ *appsv1.DaemonSet) { c.must(c.server.Create(context.Background(), node("b"))) }},
		"the DaemonSet was deleted": {completed, func(c *cluster, ds *appsv1.DaemonSet) {
			c.must(c.server.Delete(context.Background(), ds.DeepCopy()))
		}},
		"another Job's DaemonSet has the name": {completed, func(c *cluster, ds *appsv1.DaemonSet) {
			c.must(c.server.Delete(context.Background(), ds.DeepCopy()))
			other := ds.DeepCopy()
			other.OwnerReferences[0].UID, other.ResourceVersion = "other", ""
			c.must(c.server.Create(context.Background(), other))
		}},
		"the DaemonSet counts another node": {completed, func(c *cluster, ds *appsv1.DaemonSet) {
			now := ds.DeepCopy()
			c.g.Expect(c.get(now)).To(BeTrue())
			now.Status.DesiredNumberScheduled = 2
			c.must(c.server.Status().Update(context.Background(), now))
		}},
		"the Job's template changed": {completed, func(c *cluster, _ *appsv1.DaemonSet) {
			j := theJob().Obj()
			c.edit(j, func() { j.Generation, j.Spec.Image = 2, "example.com/later:v1" })
		}},
		"the Job was deleted": {completed, func(c *cluster, _ *appsv1.DaemonSet) {
			c.must(c.server.Delete(context.Background(), theJob().Obj()))
			c.must(c.server.Create(context.Background(), theJob().UID("other").Obj()))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			ds := daemonSetFor(t, theJob().Obj(), 1)
			c := newCluster(t, theJob().Obj(), node("a"), ds, podFor(ds, "a", test.cached))
			test.change(c, ds)
			c.must(c.reconcile())
			status := c.status()
			c.g.Expect(status.Phase).NotTo(BeElementOf(v1beta1.PhaseComplete, v1beta1.PhaseFailed))
		})
	}
}

// The status that a live read leads to is that of the Job as it was read live.
func TestALiveReadDecidesOnTheJobAsItIs(t *testing.T) {
	ds := daemonSetFor(t, theJob().Obj(), 1)
	c := newCluster(t, theJob().Obj(), node("a"), ds, podFor(ds, "a", failing))
	j := theJob().Obj()
	c.edit(j, func() { j.Generation, j.Spec.BackoffLimit = 2, new(int32(9)) })
	c.must(c.reconcile())
	c.g.Expect(c.status().Phase).To(Equal(v1beta1.PhaseRunning))
	c.g.Expect(c.status().ObservedGeneration).To(Equal(int64(2)))
}

// The user changes the Job between its live read and the write of its verdict.
func TestAStatusIsNotWrittenOnAChangedJob(t *testing.T) {
	ds := daemonSetFor(t, theJob().Obj(), 1)
	c := newCluster(t, theJob().Obj(), node("a"), ds, podFor(ds, "a", completed))
	c.fault = func(verb string, before bool) error {
		if verb == "Patch" && before {
			j := theJob().Obj()
			c.edit(j, func() { j.Generation, j.Spec.Image = 2, "example.com/later:v1" })
		}
		return nil
	}
	c.must(c.reconcile())
	c.g.Expect(c.status()).To(Equal(v1beta1.JobStatus{}))
}

// A Job that fails deletes its DaemonSet, and no other one of the name.
func TestAFailedJobDeletesItsOwnDaemonSetAlone(t *testing.T) {
	failed := theJob().Status(v1beta1.JobStatus{Phase: v1beta1.PhaseFailed, ObservedGeneration: 1, Conditions: []metav1.Condition{
		{Type: v1beta1.JobFailed, Status: metav1.ConditionTrue, LastTransitionTime: metav1.NewTime(time.Now())},
	}}).Obj()
	own := daemonSetFor(t, failed, 1)
	adopted := own.DeepCopy()
	adopted.OwnerReferences[0].UID = "other"
	for name, test := range map[string]struct {
		cached, now *appsv1.DaemonSet
		deleted     bool
	}{
		"its own":         {own, own, true},
		"another owner's": {adopted, adopted, false},
		"one that was made again in the meantime": {own, func() *appsv1.DaemonSet {
			again := own.DeepCopy()
			again.UID = "again"
			return again
		}(), false},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, failed.DeepCopy(), test.cached.DeepCopy())
			if test.now != test.cached {
				c.replace(test.cached, test.now)
			}
			c.must(c.reconcile())
			c.g.Expect(c.get(test.now.DeepCopy())).To(Equal(!test.deleted))
		})
	}
}

// Between the reconcile's reads and its write, the pod or the DaemonSet is replaced by
// another one of its name.
func TestAWriteMeetsNoOtherObjectOfTheName(t *testing.T) {
	complete := theJob().TTL(600).Status(v1beta1.JobStatus{Phase: v1beta1.PhaseComplete, ObservedGeneration: 1, Conditions: []metav1.Condition{
		{Type: v1beta1.JobComplete, Status: metav1.ConditionTrue, LastTransitionTime: metav1.NewTime(time.Now())},
	}})
	retried := theJob().Status(v1beta1.JobStatus{RetryTime: new(metav1.NewTime(time.Now())), Gated: true})
	for name, test := range map[string]struct {
		job  *wrappers.JobWrapper
		pod  func(*wrappers.PodWrapper)
		verb string
		// gated templates were applied with the gate.
		gated, daemonSet bool
	}{
		"a pod of an earlier template is deleted": {theJob(), func(w *wrappers.PodWrapper) { w.Label(v1beta1.LabelTemplateHash, "old") }, "Delete", false, false},
		"a failed pod is tried again":             {retried, failing, "Delete", false, false},
		"a pod is stopped":                        {complete, nil, "Delete", true, false},
		"a pod that has no room gives its slot":   {theJob().Parallelism("1"), func(w *wrappers.PodWrapper) { w.Unschedulable("full") }, "Delete", true, false},
		"a pod is ungated":                        {theJob().Parallelism("1"), func(w *wrappers.PodWrapper) { w.Gated() }, "Patch", true, false},
		"the template is gated":                   {complete, nil, "Patch", false, true},
	} {
		for _, swapped := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, swapped %t", name, swapped), func(t *testing.T) {
				ds := daemonSetFor(t, test.job.Obj(), 1)
				if test.gated {
					ds.Spec.Template.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: v1beta1.SchedulingGate}}
				}
				var target client.Object = ds
				if !test.daemonSet {
					target = podFor(ds, "a", test.pod)
				}
				c := newCluster(t, test.job.Obj(), node("a"), ds, podFor(ds, "a", test.pod))
				before, ok := target.DeepCopyObject().(client.Object)
				c.g.Expect(ok && c.get(before)).To(BeTrue())
				c.fault = func(verb string, first bool) error {
					now, ok := before.DeepCopyObject().(client.Object)
					c.g.Expect(ok).To(BeTrue())
					if swapped && first && verb == test.verb && c.get(now) && now.GetUID() == before.GetUID() {
						now.SetUID("another")
						c.replace(before, now)
					}
					return nil
				}
				_ = c.reconcile() // An error retries, and no other object was changed.
				now, ok := before.DeepCopyObject().(client.Object)
				c.g.Expect(ok).To(BeTrue())
				there := c.get(now)
				if !swapped {
					c.g.Expect(!there || now.GetResourceVersion() != before.GetResourceVersion()).To(BeTrue(), "the test tests nothing")
					return
				}
				c.g.Expect(there).To(BeTrue())
				c.g.Expect(string(now.GetUID())).To(Equal("another"))
				c.g.Expect(specOf(now)).To(Equal(specOf(before)))
			})
		}
	}
}

func specOf(o client.Object) any {
	switch o := o.(type) {
	case *corev1.Pod:
		return o.Spec
	case *appsv1.DaemonSet:
		return o.Spec
	}
	return nil
}

// Neither a label nor an annotation moves the generation of the DaemonSet.
func TestWhatIsRemovedOfTheDaemonSetsMetadataIsAppliedAgain(t *testing.T) {
	for name, remove := range map[string]func(*appsv1.DaemonSet){
		"label":        func(ds *appsv1.DaemonSet) { delete(ds.Labels, v1beta1.LabelDaemonSetJob) },
		"installation": func(ds *appsv1.DaemonSet) { delete(ds.Annotations, v1beta1.AnnotationInstallation) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, theJob().Obj(), node("a"))
			c.r.options.Installation = me
			c.must(c.reconcile())
			ds := daemonSetFor(t, theJob().Obj(), 1)
			c.edit(ds, func() { remove(ds) })
			c.sync()
			c.must(c.reconcile())
			c.g.Expect(c.get(ds)).To(BeTrue())
			c.g.Expect(ds.Labels).To(HaveKey(v1beta1.LabelDaemonSetJob))
			c.g.Expect(ds.Annotations).To(HaveKeyWithValue(v1beta1.AnnotationInstallation, me))
		})
	}
}
