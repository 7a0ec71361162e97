package job

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// changed changes a pod without a change of its work, so that only its resourceVersion tells.
func (c *cluster) changed(pod client.Object) {
	c.edit(pod, func() { pod.SetAnnotations(map[string]string{"changed": "true"}) })
}

// A pod changes between its live read and its deletion. What the change means can only
// be read.
func TestWhichChangedPodsAreDeleted(t *testing.T) {
	retried := theJob().Status(v1beta1.JobStatus{RetryTime: new(metav1.NewTime(time.Now())), Gated: true})
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
