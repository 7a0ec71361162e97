package plan

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

func TestWhenTheGateIsLatched(t *testing.T) {
	release := func(j *wrappers.JobWrapper) *wrappers.JobWrapper {
		j.Spec.CompletedPods = v1beta1.CompletedPodsRelease
		return j
	}
	for name, test := range map[string]struct {
		job  *wrappers.JobWrapper
		pods []*wrappers.PodWrapper
		// nodes that have no pod, and whether they are Ready.
		without, unready int
		want             bool
	}{
		"every node has a pod":               {job: job(), pods: pods(pod("a"), pod("b")), want: true},
		"a node has none":                    {job: job(), pods: pods(pod("a")), without: 1},
		"one that is not Ready has none":     {job: job(), pods: pods(pod("a")), unready: 1, want: true},
		"it stays latched":                   {job: once(), pods: pods(pod("a")), without: 1, want: true},
		"no node":                            {job: job()},
		"a Job that never ends":              {job: job().Never(), pods: pods(pod("a"))},
		"one that does, and releases":        {job: release(job().Never()), pods: pods(pod("a")), want: true},
		"a pod that ended as a whole":        {job: job(), pods: pods(pod("a").Evicted())},
		"failed nodes are to be retried":     {job: job().BackoffLimit(0).Status(retriedNow()), pods: pods(crashing("a")), without: 1, want: true},
		"a Job that is done at its first":    {job: job(), pods: pods(pod("a").Completed())},
		"a Job that holds itself":            {job: job().OnFailure(v1beta1.FailureActionSuspend), pods: pods(crashing("a")), without: 1, want: true},
		"with parallelism, for when it goes": {job: job().Parallelism("1"), pods: pods(pod("a").Gated()), want: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := stateWith(test.job, daemonSet(int32(len(test.pods)+test.without+test.unready), 0), test.pods...)
			for i := range test.unready {
				s.Nodes[len(s.Nodes)-1-i].NotReadySince = now
			}
			s.index()
			NewWithT(t).Expect(Compute(s).Status.Status.Gated).To(Equal(test.want))
		})
	}
}

func retriedNow() v1beta1.JobStatus {
	status := started(10)
	status.RetryTime = new(metav1.NewTime(now))
	return status
}

// Another template begins another run, which is not gated before its nodes have pods.
func TestANewRunIsNotGated(t *testing.T) {
	g := NewWithT(t)
	s := stateWith(once(), daemonSet(1, 1), wrappers.Pod(aJob, "a", "h2"))
	s.TemplateHash, s.Job.Generation, s.Job.Status.TemplateHash = hash, 2, "h2"
	status := Compute(s).Status.Status
	g.Expect(status.Gated).To(BeFalse())
	g.Expect(status.RunGeneration).To(BeEquivalentTo(2))
}

// No pod of a run is deleted before those that are made again wait for the manager.
func TestNoPodIsDeletedWithoutTheGate(t *testing.T) {
	for name, s := range map[string]func(*appsv1.DaemonSet) State{
		"retry": func(ds *appsv1.DaemonSet) State {
			return stateWith(job().BackoffLimit(0).Status(retriedNow()), ds, crashing("a"), pod("b"))
		},
		"a failed node with parallelism": func(ds *appsv1.DaemonSet) State {
			return stateWith(job().Parallelism("1").MaxFailedNodes("1"), ds, crashing("a"), pod("b"))
		},
		"a machine that was replaced": func(ds *appsv1.DaemonSet) State {
			s := stateWith(job(), ds, pod("a"), pod("b"))
			s.Pods[0].ScheduledAt, s.Nodes[0].Created = now.Add(-time.Hour), now
			return s
		},
		"a container that ends after its word": func(ds *appsv1.DaemonSet) State {
			return recordedIn(aRun, stateWith(once(), ds, pod("a").Restarted(v1beta1.ContainerName, 1, 0, "").Completed(), pod("b")), done("a"))
		},
		"release": func(ds *appsv1.DaemonSet) State {
			j := once()
			j.Spec.CompletedPods = v1beta1.CompletedPodsRelease
			return recordedIn(aRun, stateWith(j, ds, pod("a").Completed(), pod("b")), done("a"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			free := Compute(s(daemonSet(2, 2)))
			g.Expect(free.DeletePods).To(BeEmpty())
			g.Expect(free.Status.Status.Gated).To(BeTrue(), "the gate comes first")
			g.Expect(Compute(s(gateNotObserved())).DeletePods).To(BeEmpty())

			p := Compute(s(gatedDaemonSet(2, 2)))
			g.Expect(nodesOf(p.DeletePods)).To(Equal([]string{"a"}))
			g.Expect(p.DeleteUnchanged).To(BeTrue(), "work that was done in the meantime wins")
		})
	}
}

// Failed work holds its slot until it is stopped, and is recorded before that.
func TestAFailedNodeGivesItsSlotBack(t *testing.T) {
	g := NewWithT(t)
	j := once()
	j.Parallelism("1").MaxFailedNodes("1")
	s := stateWith(j, gatedDaemonSet(2, 2), crashing("a"), pod("b").Gated())
	s.Records.Known = true
	p := Compute(s)
	g.Expect(p.Pages).To(HaveLen(1))
	g.Expect(p.Pages[0].Spec.Nodes).To(ConsistOf(And(HaveField("Node", "a"), HaveField("Result", v1beta1.RecordFailed), HaveField("Attempts", int32(8)))))
	g.Expect(nodesOf(p.DeletePods)).To(Equal([]string{"a"}))
	g.Expect(p.Ungate).To(BeEmpty(), "it may still run")

	s = recordedIn(aRun, stateWith(j, gatedDaemonSet(2, 2), pod("a").Gated(), pod("b").Gated()), failedAt("a", now))
	s.Job.Status.FailedNodes = []v1beta1.FailedNode{{Node: "a", Reason: v1beta1.ReasonBackoffLimitExceeded, Message: "its last lines: boom"}}
	p = Compute(s)
	g.Expect(nodesOf(p.Ungate)).To(Equal([]string{"b"}))
	g.Expect(p.Status.Status.FailedNodes).To(Equal(s.Job.Status.FailedNodes), "what it printed is kept")
}

// A node whose work is stopped is not recorded before a live read confirms it.
func TestACachedFailureIsNotRemembered(t *testing.T) {
	g := NewWithT(t)
	j := once()
	j.Parallelism("1").MaxFailedNodes("1")
	s := stateWith(j, gatedDaemonSet(3, 3), crashing("a"), pod("b").Completed(), pod("c"))
	s.Live = false
	p := Compute(s)
	g.Expect(p.ReadLive).To(BeTrue())
	g.Expect(p.Unwritten.Nodes).To(ConsistOf(HaveField("Node", "b")))
}

func TestRelease(t *testing.T) {
	g := NewWithT(t)
	j := once()
	j.Spec.CompletedPods = v1beta1.CompletedPodsRelease
	s := stateWith(j, gatedDaemonSet(3, 3), pod("a").Completed(), pod("b").Completed(), pod("c"))
	p := Compute(recordedIn(aRun, s, done("a")))
	g.Expect(nodesOf(p.DeletePods)).To(Equal([]string{"a"}), "b is not recorded yet")

	s.Records.Known = true
	p = Compute(s)
	g.Expect(p.Pages).To(HaveLen(1))
	g.Expect(p.RequeueAfter).To(Equal(immediately), "no event reports the page")
	s.Records = s.Records.Written(p.Pages, p.Later, now)
	g.Expect(nodesOf(Compute(s).DeletePods)).To(Equal([]string{"a", "b"}))

	over := stateWith(j, gatedDaemonSet(1, 1), pod("a").Completed())
	over.Records.Known = true
	p = Compute(over)
	g.Expect(p.Pages).To(HaveLen(1), "the record comes first")
	g.Expect(p.Status.Outcome.Result).To(Equal(Complete))
	g.Expect(p.DaemonSet).To(Equal(DeleteDaemonSet))
}

// A Job that is over before its first page, and destroys nothing, writes none.
func TestAShortJobWritesNoPage(t *testing.T) {
	g := NewWithT(t)
	plain := Compute(stateWith(job(), daemonSet(1, 1), pod("a").Completed()))
	g.Expect(plain.Status.Outcome.Result).To(Equal(Complete))
	g.Expect(plain.Pages).To(BeEmpty())

	kept := job()
	kept.Spec.Results = &v1beta1.Results{RetainSeconds: new(int32(60))}
	p := Compute(stateWith(kept, daemonSet(1, 1), pod("a").Completed()))
	g.Expect(p.Pages).To(HaveLen(1))

	failed := Compute(stateWith(job(), daemonSet(2, 2), pod("a").Completed(), crashing("b")))
	g.Expect(failed.DaemonSet).To(Equal(DeleteDaemonSet))
	g.Expect(failed.Pages[0].Spec.Nodes).To(HaveLen(2), "who resumes it must know which node is done")
}

// A container in Log mode that ends after its word is stopped as soon as its node is recorded.
func TestWhatEndsAfterItsWordIsReleasedAtOnce(t *testing.T) {
	g := NewWithT(t)
	s := stateWith(once(), gatedDaemonSet(2, 2), pod("a").Restarted(v1beta1.ContainerName, 1, 0, "").Completed(), pod("b"))
	s.Records.Known = true
	p := Compute(s)
	g.Expect(p.Pages).To(HaveLen(1))
	g.Expect(p.RequeueAfter).To(Equal(immediately))
	s.Records = s.Records.Written(p.Pages, p.Later, now)
	g.Expect(nodesOf(Compute(s).DeletePods)).To(Equal([]string{"a"}))
}
