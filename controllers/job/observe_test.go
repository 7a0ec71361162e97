package job

import (
	"context"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

func gated(w *wrappers.PodWrapper) { w.Gated() }

// isGated returns whether the pod is gated as it is.
func (c *cluster) isGated(pod client.Object) bool {
	now := &corev1.Pod{}
	now.Namespace, now.Name = pod.GetNamespace(), pod.GetName()
	c.g.Expect(c.get(now)).To(BeTrue())
	return len(now.Spec.SchedulingGates) > 0
}

// A Job that was suspended has gated pods. When it is resumed while no manager runs,
// the next one ungates them, although it does not know what an earlier one ungated.
func TestAManagerThatStartsUngatesTheNodesOfAResumedJob(t *testing.T) {
	ds := daemonSetFor(t, theJob().Obj(), 1)
	pod := podFor(ds, "a", gated)
	c := newCluster(t, theJob().Obj(), node("a"), ds, pod)
	c.must(c.reconcile())
	c.g.Expect(c.isGated(pod)).To(BeFalse())
}

// An earlier manager gave the only slot to b. The cache of the next one does not show it.
func TestAManagerThatStartsReadsWhichPodsWereUngated(t *testing.T) {
	j := theJob().Parallelism("1").Obj()
	ds := daemonSetFor(t, j, 2)
	a, b := podFor(ds, "a", gated), podFor(ds, "b", gated)
	c := newCluster(t, j, node("a"), node("b"), ds, a, b)
	ungated := &corev1.Pod{}
	ungated.Namespace, ungated.Name = b.GetNamespace(), b.GetName()
	c.edit(ungated, func() { ungated.Spec.SchedulingGates = nil })
	c.must(c.reconcile())
	c.g.Expect(c.isGated(a)).To(BeTrue())
	lists := c.sent["List"]
	c.sync()
	c.must(c.reconcile())
	c.g.Expect(c.isGated(a)).To(BeTrue())
	c.g.Expect(c.sent["List"]).To(Equal(lists), "the cache shows all of it now")
}

// The pod of a comes before that of b, and appears after the only slot was given to b.
func TestNoPodIsUngatedUntilTheCacheShowsTheLastOne(t *testing.T) {
	j := theJob().Parallelism("1").Obj()
	ds := daemonSetFor(t, j, 2)
	a, b := podFor(ds, "a", gated), podFor(ds, "b", gated)
	c := newCluster(t, j, node("a"), node("b"), ds, b)
	c.must(c.reconcile())
	c.g.Expect(c.isGated(b)).To(BeFalse())
	c.must(c.server.Create(context.Background(), a))
	c.r.podIndex.handler().Create(t.Context(), event.CreateEvent{Object: a}, &delayed{})
	c.must(c.reconcile())
	c.g.Expect(c.isGated(a)).To(BeTrue())
}

// A live list shows the pod of a, which gets the only slot. The cache does not have it
// yet, as if it were deleted.
func TestAPodThatIsNotCachedYetKeepsItsSlot(t *testing.T) {
	j := theJob().Parallelism("1").Obj()
	ds := daemonSetFor(t, j, 3)
	earlier := podFor(ds, "c", func(w *wrappers.PodWrapper) { w.Completed().Label(v1beta1.LabelTemplateHash, "earlier") })
	a, b := podFor(ds, "a", gated), podFor(ds, "b", gated)
	c := newCluster(t, j, node("a"), node("b"), node("c"), ds)
	appears := func(pod client.Object) {
		c.r.podIndex.handler().Create(t.Context(), event.CreateEvent{Object: pod}, &delayed{})
	}
	c.must(c.reconcile())
	for _, pod := range []client.Object{earlier, a, b} {
		c.must(c.server.Create(context.Background(), pod))
	}
	appears(earlier)
	c.must(c.reconcile())
	c.g.Expect([]bool{c.isGated(a), c.isGated(b)}).To(Equal([]bool{false, true}), "the plan that replaces a pod is made from a live list")
	c.r.podIndex.handler().Delete(t.Context(), event.DeleteEvent{Object: earlier}, &delayed{})
	appears(b)
	c.must(c.reconcile())
	c.g.Expect(c.isGated(b)).To(BeTrue())
}

// A node joins after the cache was synced. The live list knows it until the cache does.
func TestNodesThatTheCacheLacksAreRemembered(t *testing.T) {
	ds := daemonSetFor(t, theJob().Obj(), 1)
	c := newCluster(t, theJob().Obj(), node("a"), ds)
	c.must(c.server.Create(context.Background(), node("b")))
	state := c.r.states.of(client.ObjectKeyFromObject(aJob), aJob.UID)
	observe := func() plan.State {
		s, err := c.r.observe(context.Background(), state, c.job, c.ds, plan.Blocker{}, nil)
		c.must(err)
		return s
	}
	s := observe()
	c.g.Expect(s.StaleNodes).To(BeEmpty())
	_, err := c.r.observeLive(context.Background(), state, s)
	c.must(err)
	c.g.Expect(observe().StaleNodes).To(Equal(plan.StaleNodes{"b": ""}))
	c.sync()
	c.g.Expect(observe().StaleNodes).To(BeEmpty())
}

// A node is replaced after the API server listed it, and the cache receives that before the manager
// compares both. If the manager took the later node for stale, it would never ungate its pod.
func TestAMachineThatIsReplacedDuringAListIsNotStale(t *testing.T) {
	ds := daemonSetFor(t, theJob().Obj(), 1)
	c := newCluster(t, theJob().Obj(), node("a"), ds)
	state := c.r.states.of(client.ObjectKeyFromObject(aJob), aJob.UID)
	s, err := c.r.observe(context.Background(), state, c.job, c.ds, plan.Blocker{}, nil)
	c.must(err)
	later := node("a")
	later.SetUID("later")
	c.before("List", func() {
		c.r.nodeIndex.handler(c.r.states).Create(context.Background(), event.CreateEvent{Object: later}, &delayed{})
	})
	_, err = c.r.observeLive(context.Background(), state, s)
	c.must(err)
	c.g.Expect(state.staleNodes).To(BeEmpty())
}
