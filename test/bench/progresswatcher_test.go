package main

import (
	"context"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

var theJob = wrappers.Job("ns", "j").Obj()

// pending returns a pod that is bound to a node and does not run yet.
func pending(node string) *wrappers.PodWrapper {
	w := wrappers.Pod(theJob, node, "h1")
	w.Status.Phase = corev1.PodPending
	return w
}

func newProgressWatcher() *progressWatcher {
	return &progressWatcher{
		changed: make(chan struct{}, 1), pods: map[types.UID]podState{},
		completedAt: map[string]time.Time{}, exists: map[string]bool{},
	}
}

func TestTheProgressWatcherCountsWhoWorks(t *testing.T) {
	g := NewWithT(t)
	p, at := newProgressWatcher(), time.Unix(100, 0)
	see := func(kind watch.EventType, w *wrappers.PodWrapper) {
		at = at.Add(time.Second)
		p.record(watch.Event{Type: kind, Object: w.Obj()}, at)
	}
	see(watch.Added, pending("a").Gated())
	see(watch.Added, pending("b").Gated())
	g.Expect(p.working).To(BeZero(), "their gates are closed")
	see(watch.Modified, pending("a"))
	see(watch.Modified, pending("b"))
	see(watch.Modified, pending("b"))
	g.Expect(p.working).To(Equal(2))
	running := wrappers.Pod(theJob, "a", "h1")
	see(watch.Modified, running)
	see(watch.Modified, running.Label("x", "y"))
	g.Expect([]int{p.working, p.mostWorking, p.done}).To(Equal([]int{1, 2, 1}), "done once, however often it is seen")
	g.Expect(p.lastDone()).To(Equal(time.Unix(106, 0)))
	see(watch.Modified, running.Completed())
	g.Expect(p.lastDone()).To(Equal(time.Unix(108, 0)), "a node in Log mode is done when it is marked")
	see(watch.Deleted, pending("b"))
	g.Expect([]int{p.working, p.mostWorking, p.done, len(p.pods)}).To(Equal([]int{0, 2, 1, 1}))
}

func TestTheProgressWatcherSeesJobsComplete(t *testing.T) {
	g := NewWithT(t)
	p := newProgressWatcher()
	job := theJob.DeepCopy()
	p.record(watch.Event{Type: watch.Added, Object: job}, time.Unix(1, 0))
	g.Expect(p.completedAt).To(BeEmpty())
	job = job.DeepCopy()
	job.Status.Conditions = []metav1.Condition{{Type: v1beta1.JobComplete, Status: metav1.ConditionTrue}}
	p.record(watch.Event{Type: watch.Modified, Object: job}, time.Unix(2, 0))
	p.record(watch.Event{Type: watch.Modified, Object: job}, time.Unix(3, 0))
	p.record(watch.Event{Type: watch.Deleted, Object: job}, time.Unix(4, 0))
	g.Expect(p.lastComplete()).To(Equal(time.Unix(2, 0)))
	g.Expect(p.exists).To(Equal(map[string]bool{"j": false}))
}

func TestAwaitEndsOneWayOrTheOther(t *testing.T) {
	g := NewWithT(t)
	done := func(p *progressWatcher) bool { return p.done > 0 }
	g.Expect(newProgressWatcher().await(context.Background(), time.Second, "it", func(*progressWatcher) bool { return true })).To(Succeed())

	p := newProgressWatcher()
	go p.record(watch.Event{Type: watch.Added, Object: wrappers.Pod(theJob, "a", "h1").Obj()}, time.Now())
	g.Expect(p.await(context.Background(), time.Minute, "a pod is done", done)).To(Succeed())

	err := newProgressWatcher().await(context.Background(), time.Millisecond, "a pod is done", done)
	g.Expect(err).To(MatchError(And(ContainSubstring("a pod is done"), ContainSubstring("0 pods"))))

	p = newProgressWatcher()
	p.record(watch.Event{Type: watch.Error, Object: &metav1.Status{Message: "too old"}}, time.Now())
	g.Expect(p.await(context.Background(), time.Minute, "it", done)).To(MatchError(ContainSubstring("too old")))

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	g.Expect(newProgressWatcher().await(ctx, time.Minute, "it", done)).To(MatchError(context.Canceled))
}

func TestTheProgressWatcherSeesBroadcastJobs(t *testing.T) {
	g := NewWithT(t)
	p, at := newProgressWatcher(), time.Unix(100, 0)
	see := func(kind watch.EventType, object runtime.Object) {
		at = at.Add(time.Second)
		p.record(watch.Event{Type: kind, Object: object}, at)
	}
	job, ok := workload{name: "b"}.broadcastJob("ns").(*unstructured.Unstructured)
	g.Expect(ok).To(BeTrue())
	see(watch.Added, job)
	ended := pending("a")
	ended.Status.Phase = corev1.PodSucceeded
	see(watch.Added, pending("a").Obj())
	see(watch.Modified, ended.Obj())
	g.Expect(p.done).To(Equal(1))
	g.Expect(p.completedAt).To(BeEmpty())

	condition := func(of, status string) {
		job = job.DeepCopy()
		job.Object["status"] = map[string]any{"conditions": []any{map[string]any{"type": of, "status": status}}}
		see(watch.Modified, job)
	}
	condition("Failed", "True")
	condition("Complete", "False")
	g.Expect(p.completedAt).To(BeEmpty())
	condition("Complete", "True")
	complete := at
	condition("Complete", "True")
	g.Expect(p.lastComplete()).To(Equal(complete), "the first time counts")
	g.Expect(p.exists).To(HaveKeyWithValue("b", true))
	see(watch.Deleted, job)
	g.Expect(p.exists).To(HaveKeyWithValue("b", false))
}
