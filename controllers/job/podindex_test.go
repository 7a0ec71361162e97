package job

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
	"github.com/darkowlzz/daemonset-job/internal/podcache"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// delayed is a queue that records which Jobs are enqueued.
type delayed struct {
	queue
	jobs []string
	// after is how long the last one waits.
	after time.Duration
}

func (d *delayed) AddAfter(request reconcile.Request, after time.Duration) {
	d.jobs, d.after = append(d.jobs, request.Name), after
}

// owned is a pod as the DaemonSet controller makes it.
func owned(w *wrappers.PodWrapper) client.Object {
	pod := w.Obj()
	pod.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(theDaemonSet, appsv1.SchemeGroupVersion.WithKind("DaemonSet"))}
	return pod
}

const hash = "h1"

var aJob = wrappers.Job("ns", "j").UID("j-uid").Generation(1).Obj()

// pod is a running pod of aJob on a node.
func pod(node string) *wrappers.PodWrapper { return wrappers.Pod(aJob, node, hash) }

func updated(before, after client.Object) event.UpdateEvent {
	return event.UpdateEvent{ObjectOld: before, ObjectNew: after}
}

var theDaemonSet = &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Namespace: aJob.Namespace, Name: v1beta1.DaemonSetName(aJob.Name), UID: "ds-uid"}}

// indexed are the nodes of the index, with the states of their pods.
func indexed(i *podIndex) []string {
	var all []string
	for _, pod := range i.pods(client.ObjectKeyFromObject(aJob)) {
		all = append(all, pod.Node+" "+string(pod.State))
	}
	slices.Sort(all)
	return all
}

func TestPodIndexSeesWhatMatters(t *testing.T) {
	changes := map[string]struct {
		before, after *wrappers.PodWrapper
		changed       bool
	}{
		"nothing":        {pod("a"), pod("a").Label("x", "y"), false},
		"marked":         {pod("a"), pod("a").Completed(), true},
		"ungated":        {pod("a").Gated(), pod("a"), true},
		"restarted":      {pod("a"), pod("a").Restarted(v1beta1.ContainerName, 1, 1, ""), true},
		"restarted more": {pod("a").Restarted(v1beta1.ContainerName, 8, 1, ""), pod("a").Restarted(v1beta1.ContainerName, 9, 1, ""), true},
		"other end":      {pod("a").Restarted(v1beta1.ContainerName, 8, 1, ""), pod("a").Restarted(v1beta1.ContainerName, 8, 2, ""), true},
		"terminating":    {pod("a"), pod("a").Terminating(), true},
		"exit done":      {pod("a").Exit("w"), pod("a").Exit("w").Ended("w", 0), true},
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			c, q := newPodIndex(), &delayed{}
			events := c.handler()
			events.Create(context.Background(), event.CreateEvent{Object: owned(change.before)}, q)
			g.Expect(q.jobs).To(ConsistOf(aJob.Name), "a new pod")
			q.jobs = nil
			events.Update(context.Background(), updated(owned(change.before), owned(change.after)), q)
			g.Expect(slices.Contains(q.jobs, aJob.Name)).To(Equal(change.changed))
		})
	}
}

func TestPodIndexFollowsThePods(t *testing.T) {
	g := NewWithT(t)
	ctx, c, q := context.Background(), newPodIndex(), &delayed{}
	events := c.handler()
	for _, observedPod := range []string{"a", "b"} {
		events.Create(ctx, event.CreateEvent{Object: owned(pod(observedPod).Gated())}, q)
	}
	events.Create(ctx, event.CreateEvent{Object: pod("another-owner's").Obj()}, q)
	g.Expect(indexed(c)).To(Equal([]string{"a gated", "another-owner's active", "b gated"}), "its work counts too")
	events.Delete(ctx, event.DeleteEvent{Object: pod("another-owner's").Obj()}, q)

	events.Update(ctx, updated(owned(pod("a").Gated()), owned(pod("a"))), q)
	g.Expect(indexed(c)).To(Equal([]string{"a active", "b gated"}))

	events.Update(ctx, updated(owned(pod("a")), owned(pod("a").Restarted(v1beta1.ContainerName, 7, 1, ""))), q)
	g.Expect(c.pods(client.ObjectKeyFromObject(aJob))).To(ContainElement(HaveField("Restarts", int32(7))))

	q.jobs = nil
	events.Delete(ctx, event.DeleteEvent{Object: owned(pod("b"))}, q)
	g.Expect(indexed(c)).To(Equal([]string{"a active"}))
	g.Expect(q.jobs).To(ConsistOf(aJob.Name))

	events.Update(ctx, updated(owned(pod("a")), owned(pod("a").Label(v1beta1.LabelJob, "other"))), q)
	g.Expect(indexed(c)).To(BeEmpty(), "the label that names its Job was changed")
	g.Expect(strings.Join(q.jobs, " ")).To(ContainSubstring("other"))
}

// The more pods a Job has, or has at work if it has slots, the longer events are collected. The end that
// its Plan waits for is not.
func TestPodIndexBatchesEvents(t *testing.T) {
	const pods = 2 * batchedAtWork
	for name, test := range map[string]struct {
		slots                                    bool
		created, started, restarted, ended, last time.Duration
	}{
		"all at once":      {false, batch, 8 * batch, batch, 8 * batch, 0},
		"with parallelism": {true, batch, 2 * batch, batch, batch, batch / 5},
	} {
		t.Run(name, func(t *testing.T) {
			g, c, q := NewWithT(t), newPodIndex(), &delayed{}
			events, name := c.handler(), func(i int) string { return fmt.Sprint("n", i) }
			plans := func(ends int) {
				c.observe(nil, client.ObjectKeyFromObject(aJob))
				c.await(client.ObjectKeyFromObject(aJob), plan.Awaits{Ends: ends, Slots: test.slots})
			}
			end := func(i int) {
				events.Update(t.Context(), updated(owned(pod(name(i))), owned(pod(name(i)).Completed())), q)
			}
			for i := range pods {
				events.Create(t.Context(), event.CreateEvent{Object: owned(pod(name(i)).Gated())}, q)
				if i == 0 {
					plans(0)
				}
			}
			g.Expect(q.after).To(Equal(test.created))
			for i := range pods {
				events.Update(t.Context(), updated(owned(pod(name(i)).Gated()), owned(pod(name(i)))), q)
			}
			g.Expect(q.after).To(Equal(test.started))
			events.Update(t.Context(), updated(owned(pod(name(0))), owned(pod(name(0)).Restarted(v1beta1.ContainerName, 1, 42, ""))), q)
			g.Expect(q.after).To(Equal(test.restarted), "a rule may be for this exit code, which the next one replaces")
			plans(pods)
			for i := range pods - 2 {
				end(i)
			}
			c.observe(nil, client.ObjectKeyFromObject(aJob))
			end(pods - 2)
			g.Expect(q.after).To(Equal(test.ended))
			// An end while a Plan is computed is one of those that it waits for.
			c.await(client.ObjectKeyFromObject(aJob), plan.Awaits{Ends: 2, Slots: test.slots})
			end(pods - 1)
			g.Expect(q.after).To(Equal(test.last))
			for i := range pods {
				events.Delete(t.Context(), event.DeleteEvent{Object: owned(pod(name(i)).Completed())}, q)
			}
			g.Expect(q.after).To(Equal(batch))
			c.forgetGone(client.ObjectKeyFromObject(aJob), pods)
			g.Expect(c.jobs).To(BeEmpty())
		})
	}
	g := NewWithT(t)
	g.Expect(batchOf(1_000_000, batchedPods)).To(Equal(maxBatch))
	g.Expect(turnOf(1_000_000)).To(Equal(batch))
	g.Expect(turnOf(10)).To(BeNumerically("<", time.Millisecond))
}

func TestPodIndexKeepsNothingOfDeletedPods(t *testing.T) {
	g := NewWithT(t)
	c, q := newPodIndex(), &delayed{queue: workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())}
	events := c.handler()
	events.Create(context.Background(), event.CreateEvent{Object: owned(pod("a"))}, q)
	events.Delete(context.Background(), event.DeleteEvent{Object: owned(pod("a"))}, q)
	g.Expect(c.jobs).To(BeEmpty())
}

func TestPodIndexKnowsLargePods(t *testing.T) {
	g, key := NewWithT(t), client.ObjectKeyFromObject(aJob)
	c, q := newPodIndex(), &delayed{}
	events := c.handler()
	large := pod("a").Obj()
	large.Annotations = map[string]string{"note": strings.Repeat("x", 64*1024)}
	kept := podcache.Of(large)
	events.Create(t.Context(), event.CreateEvent{Object: podcache.Of(pod("b").Obj())}, q)
	g.Expect(c.largest(key)).To(BeZero())
	events.Create(t.Context(), event.CreateEvent{Object: kept}, q)
	g.Expect(c.largest(key)).To(BeNumerically("~", 65*1024, 1024))
	events.Update(t.Context(), updated(kept, podcache.Of(pod("a").Obj())), q)
	g.Expect(c.largest(key)).To(BeZero())
	events.Create(t.Context(), event.CreateEvent{Object: kept}, q)
	events.Delete(t.Context(), event.DeleteEvent{Object: kept}, q)
	g.Expect(c.largest(key)).To(BeZero())
}
