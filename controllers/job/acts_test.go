package job

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// before lets change happen right before the first request with that verb.
func (c *cluster) before(verb string, change func()) {
	done := false
	c.fault = func(v string, first bool) error {
		if v == verb && first && !done {
			done = true
			change()
		}
		return nil
	}
}

// events returns what was recorded since the last call.
func (c *cluster) events() []string {
	var all []string
	for {
		select {
		case event := <-c.recorder.Events:
			all = append(all, event)
		default:
			return all
		}
	}
}

// A verdict is written before its DaemonSet is deleted and before it is said.
func TestNothingFollowsAStatusThatWasNotWritten(t *testing.T) {
	for name, refusal := range map[string]error{"refused": apierrors.NewInternalError(errors.New("down")), "conflict": nil} {
		t.Run(name, func(t *testing.T) {
			ds := daemonSetFor(t, theJob().Obj(), 1)
			c := newCluster(t, theJob().Obj(), node("a"), ds, podFor(ds, "a", failing))
			c.fault = func(verb string, before bool) error {
				if verb == "Patch" && before {
					j := theJob().Obj()
					c.edit(j, func() { j.Annotations = map[string]string{"changed": "true"} })
					return refusal
				}
				return nil
			}
			c.g.Expect(c.reconcile() == nil).To(Equal(refusal == nil))
			c.g.Expect(c.get(ds.DeepCopy())).To(BeTrue())
			c.g.Expect(c.events()).To(BeEmpty())
			c.fault = nil
			c.sync()
			c.must(c.reconcile())
			c.g.Expect(c.get(ds.DeepCopy())).To(BeFalse())
			c.g.Expect(c.events()).To(ContainElement(HavePrefix("Warning Failed ")))
		})
	}
}

// A Job that is deleted meanwhile needs no status.
func TestAStatusOfADeletedJobIsNoError(t *testing.T) {
	c := newCluster(t, theJob().Obj(), node("a"))
	c.before("Patch", func() { c.must(c.server.Delete(context.Background(), theJob().Obj())) })
	c.must(c.reconcile())
}

func TestAReconcileIsRequeuedWhenThePlanSaysSo(t *testing.T) {
	c := newCluster(t, theJob().Obj(), node("a"), ownedBy(t, func(o *metav1.OwnerReference) { o.Kind = "CronJob" }))
	result, err := c.r.Reconcile(context.Background(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(aJob)})
	c.must(err)
	c.g.Expect(result.RequeueAfter).To(Equal(10 * time.Second))
}

// The cache does not show the gate yet.
func TestATemplateIsGatedOnce(t *testing.T) {
	held := theJob().OnFailure(v1beta1.FailureActionSuspend)
	ds := daemonSetFor(t, held.Obj(), 1)
	c := newCluster(t, held.Obj(), node("a"), ds, podFor(ds, "a", failing))
	c.must(c.reconcile())
	c.must(c.reconcile())
	c.g.Expect(c.sent["Patch"]).To(Equal(2), "the status and the gate")
}

// Progress of a few nodes waits, although the cache does not show the last write.
func TestProgressIsWrittenNowAndThen(t *testing.T) {
	ds := daemonSetFor(t, theJob().Obj(), 20)
	objects := []client.Object{theJob().Obj(), ds}
	name := func(i int) string { return fmt.Sprintf("node-%02d", i) }
	for i := range 20 {
		objects = append(objects, node(name(i)), podFor(ds, name(i), nil))
	}
	c := newCluster(t, objects...)
	done := func(i int) {
		pod, ok := podFor(ds, name(i), nil).(*corev1.Pod)
		c.g.Expect(ok && c.get(pod)).To(BeTrue())
		pod.Status.Conditions = []corev1.PodCondition{{Type: v1beta1.PodCompleted, Status: corev1.ConditionTrue}}
		c.must(c.server.Status().Update(context.Background(), pod))
		c.sync()
		c.must(c.reconcile())
	}
	c.must(c.reconcile())
	done(0)
	c.g.Expect(c.status().Completed).To(Equal("0/20"))
	c.clock.Step(5 * time.Second)
	done(1)
	c.g.Expect(c.status().Completed).To(Equal("2/20"))
}

// The finished Job's status and its label are written in one reconcile.
func TestALabelIsAppliedToTheVersionThatTheStatusMade(t *testing.T) {
	failed := theJob().Generation(2).Status(v1beta1.JobStatus{Phase: v1beta1.PhaseFailed, ObservedGeneration: 1, Conditions: []metav1.Condition{
		{Type: v1beta1.JobFailed, Status: metav1.ConditionTrue, LastTransitionTime: metav1.NewTime(time.Now())},
	}}).Obj()
	c := newCluster(t, failed)
	c.must(c.reconcile())
	c.g.Expect(c.get(failed)).To(BeTrue())
	c.g.Expect(failed.Status.ObservedGeneration).To(Equal(int64(2)))
	c.g.Expect(failed.Labels).To(HaveKeyWithValue(v1beta1.LabelExcludeFromBackup, "true"))
}

// changed changes a pod without a change of its work, so that only its resourceVersion tells.
func (c *cluster) changed(pod client.Object) {
	c.edit(pod, func() { pod.SetAnnotations(map[string]string{"changed": "true"}) })
}

// A pod changes between its live read and its deletion. What the change means can only
// be read.
func TestWhichChangedPodsAreDeleted(t *testing.T) {
	retried := theJob().Status(v1beta1.JobStatus{RetryTime: new(metav1.NewTime(time.Now()))})
	for name, test := range map[string]struct {
		job  *wrappers.JobWrapper
		pod  func(*wrappers.PodWrapper)
		gone bool
	}{
		"a failed pod is tried again":             {retried, failing, false},
		"a pod that has no room gives its slot":   {theJob().Parallelism("1"), func(w *wrappers.PodWrapper) { w.Unschedulable("full") }, false},
		"a pod of an earlier template is deleted": {theJob(), func(w *wrappers.PodWrapper) { w.Label(v1beta1.LabelTemplateHash, "old") }, true},
	} {
		t.Run(name, func(t *testing.T) {
			ds := daemonSetFor(t, test.job.Obj(), 1)
			pod := podFor(ds, "a", test.pod)
			c := newCluster(t, test.job.Obj(), node("a"), ds, pod)
			c.before("Delete", func() { c.changed(pod) })
			c.must(c.reconcile())
			c.g.Expect(c.sent["Delete"]).To(Equal(1))
			c.g.Expect(c.get(pod)).To(Equal(!test.gone))
		})
	}
}

// The pod of a full node gives its slot back, and its node waits a minute for its turn.
func TestANodeWithoutRoomWaitsForItsNextTurn(t *testing.T) {
	j := theJob().Parallelism("1").Obj()
	ds := daemonSetFor(t, j, 1)
	c := newCluster(t, j, node("a"), ds, podFor(ds, "a", func(w *wrappers.PodWrapper) { w.Unschedulable("full") }))
	c.must(c.reconcile())
	c.g.Expect(c.pods()).To(BeEmpty())
	c.makePod(ds, "a")
	c.sync()
	c.must(c.reconcile())
	c.g.Expect(c.pods()[0].Spec.SchedulingGates).NotTo(BeEmpty())
	c.clock.Step(time.Minute)
	c.must(c.reconcile())
	c.g.Expect(c.pods()[0].Spec.SchedulingGates).To(BeEmpty())
}

// A user's own gate stays, and the pod says when the manager's was removed.
func TestOnlyTheManagersGateIsRemoved(t *testing.T) {
	j := theJob().Parallelism("1").Obj()
	ds, own := daemonSetFor(t, j, 1), corev1.PodSchedulingGate{Name: "example.com/gate"}
	c := newCluster(t, j, node("a"), ds, podFor(ds, "a", func(w *wrappers.PodWrapper) {
		w.Gated()
		w.Spec.SchedulingGates = append(w.Spec.SchedulingGates, own)
	}))
	c.must(c.reconcile())
	c.g.Expect(c.pods()[0].Spec.SchedulingGates).To(ConsistOf(own))
	c.g.Expect(plan.ReadPod(&c.pods()[0]).UngatedAt).To(BeTemporally("==", c.clock.Now()))
}

// An outage fails for each of thousands of pods.
func TestErrorsOfManyPodsAreCounted(t *testing.T) {
	g := NewWithT(t)
	err := forEach(make([]plan.Pod, 10), func(i int) error { return fmt.Errorf("pod %d failed", i) })
	g.Expect(err).To(MatchError("pod 0 failed\npod 1 failed\npod 2 failed\nand 7 more"))
	g.Expect(forEach(make([]plan.Pod, 10), func(int) error { return nil })).To(Succeed())
}
