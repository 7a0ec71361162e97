package plan

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// limited is a Job whose nodes have a minute each, and whose template is gated.
func limited() *wrappers.JobWrapper { return withNodeDeadline(once(), 60).MaxFailedNodes("1") }

func TestTheDeadlineOfANode(t *testing.T) {
	const work, exceeded = v1beta1.ContainerName, v1beta1.ReasonNodeDeadlineExceeded
	withoutWord := bound(pod("a").Restarted(work, 7, 0, ""), 90)
	for name, test := range map[string]struct {
		job *wrappers.JobWrapper
		pod *wrappers.PodWrapper
		// reason is that of the node's entry, empty if the manager does not stop its work.
		reason string
	}{
		"its second is not over":             {limited(), bound(pod("a"), 60), ""},
		"times are cut to seconds":           {limited(), bound(pod("a"), 61), exceeded},
		"in Exit mode":                       {limited(), bound(pod("a").Exit("one"), 90), exceeded},
		"the image is pulled":                {limited(), bound(pod("a").Waiting(work, "ContainerCreating", ""), 90), exceeded},
		"the image is not there":             {limited(), bound(pod("a").Waiting(work, "ImagePullBackOff", "no such image"), 90), exceeded},
		"it waits for its turn":              {limited(), pod("a").Gated(), ""},
		"the scheduler finds no place":       {limited(), pod("a").Unschedulable("no room"), ""},
		"it is being stopped":                {limited(), bound(pod("a").Terminating(), 90), ""},
		"it is done":                         {limited(), bound(pod("a").Completed(), 90), ""},
		"it is done, in Exit mode":           {limited(), bound(pod("a").Exit("one").Ended("one", 0), 90), ""},
		"it ended as a whole":                {limited(), bound(pod("a").Evicted(), 90), ""},
		"it failed below the backoffLimit":   {limited(), bound(pod("a").Restarted(work, 1, 3, ""), 90), exceeded},
		"it counted as failed before":        {limited(), bound(crashing("a"), 90), v1beta1.ReasonBackoffLimitExceeded},
		"it ended without its word before":   {limited(), withoutWord, v1beta1.ReasonExitedWithoutWord},
		"a rule decides first":               {withRules(limited(), when(fail, 42)), bound(exits("a", 42), 90), v1beta1.ReasonNodeFailurePolicy},
		"the user suspended the Job":         {limited().Suspend(true), bound(pod("a"), 90), exceeded},
		"a Job that never ends":              {limited().Never(), bound(pod("a"), 90), exceeded},
		"with parallelism":                   {limited().Parallelism("1"), bound(pod("a"), 90), exceeded},
		"a Job that releases its done nodes": {releasing(limited()), bound(pod("a"), 90), exceeded},
		"a pod of an earlier template":       {limited(), bound(wrappers.Pod(aJob, "a", "h0"), 90), ""},
		"a Job without one":                  {once(), bound(pod("a"), 9000), ""},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := recordable(test.job, test.pod, bound(pod("b"), 5))
			p := Compute(s)
			if test.reason == "" {
				g.Expect(pageEntries(p)).NotTo(ContainElement(HaveField("Result", v1beta1.RecordFailed)))
				g.Expect(p.Status.Status.Failed).To(BeZero())
				return
			}
			g.Expect(pageEntries(p)).To(ConsistOf(And(HaveField("Node", "a"), HaveField("Result", v1beta1.RecordFailed),
				HaveField("Reason", test.reason), HaveField("PodUID", s.Pods[0].UID), HaveField("Try", int32(1)))))
			g.Expect(nodesOf(p.DeletePods)).To(Equal([]string{"a"}))
			g.Expect(p.DeleteUnchanged).To(BeTrue(), "work that was done in the meantime wins")
			g.Expect(p.Status.Status.FailedNodes).To(ConsistOf(And(HaveField("Node", "a"), HaveField("Reason", test.reason))))
		})
	}
}

func releasing(j *wrappers.JobWrapper) *wrappers.JobWrapper {
	j.Spec.CompletedPods = v1beta1.CompletedPodsRelease
	return j
}

// Nothing but the API server's time of binding counts, so that a manager which starts in between
// comes to the same end, and a stale State stops nothing.
func TestANodesDeadlineIsComputedAgain(t *testing.T) {
	g := NewWithT(t)
	s := recordable(limited(), bound(pod("a"), 20), pod("b"))
	g.Expect(Compute(s).RequeueAfter).To(Equal(41 * time.Second))

	s = stateWith(limited(), gatedDaemonSet(2, 2), bound(pod("a"), 90), pod("b"))
	s.Live = false
	p := Compute(s)
	g.Expect(p.ReadLive).To(BeTrue())
	g.Expect(p.Unwritten.Nodes).To(BeEmpty(), "by now it may be done")
	s.Live, s.Records.Known = true, true
	g.Expect(pageEntries(Compute(s))).To(ConsistOf(HaveField("Node", "a")))
}

// The pod that is made again has a new deadline, once it is bound.
func TestAPodThatIsMadeAgainHasANewDeadline(t *testing.T) {
	g := NewWithT(t)
	again := bound(pod("a"), 5)
	again.Pod.UID = "again"
	s := recordedIn(aRun, recordable(withRetries(limited(), 1), again, pod("b").Completed()), stoppedIn("a", 1, "first"))
	p := Compute(s)
	g.Expect(pageEntries(p)).NotTo(ContainElement(HaveField("PodUID", s.Pods[0].UID)))
	s.Now = now.Add(56 * time.Second)
	g.Expect(pageEntries(Compute(s))).To(ContainElement(And(HaveField("Node", "a"), HaveField("Try", int32(2)), HaveField("PodUID", s.Pods[0].UID))))
}

// The gate comes first: without it, the DaemonSet controller would run the work once more.
func TestAPodPastItsDeadlineIsGatedFirst(t *testing.T) {
	for name, j := range map[string]*wrappers.JobWrapper{"a Job": job(), "one that never ends": job().Never()} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := stateWith(withNodeDeadline(j, 60).MaxFailedNodes("1"), daemonSet(3, 2), bound(pod("a"), 90), pod("b"))
			s.Records.Known = true
			p := Compute(s)
			g.Expect(pageEntries(p)).To(HaveLen(1))
			g.Expect(p.Status.Status.Gated).To(BeTrue())
			g.Expect(p.DeletePods).To(BeEmpty())
			g.Expect(p.RequeueAfter).To(Equal(immediately), "no event reports the status, and work that hangs has none")
		})
	}
}

// A Job that holds itself stops what is past its deadline in the next Plan, which no event causes.
func TestAHoldIsFollowedByTheStop(t *testing.T) {
	g := NewWithT(t)
	s := recordable(limited().MaxFailedNodes("0").OnFailure(v1beta1.FailureActionSuspend), bound(pod("a"), 90), bound(pod("b"), 20))
	p := Compute(s)
	g.Expect(p.Status.Outcome.Result).To(Equal(Hold))
	g.Expect(p.DaemonSet).To(Equal(KeepDaemonSet), "it has no event either")
	g.Expect(p.RequeueAfter).To(Equal(immediately))

	p = Compute(afterwards(s, p, bound(pod("a"), 90), bound(pod("b"), 20)))
	g.Expect(nodesOf(p.DeletePods)).To(Equal([]string{"a"}))
	g.Expect(p.RequeueAfter).To(Equal(41*time.Second), "the next deadline")
}

// A node that is away when its deadline passes has failed.
func TestANodeThatIsAwayAtItsDeadline(t *testing.T) {
	g := NewWithT(t)
	s := recordable(limited(), bound(pod("a"), 90), pod("b"))
	s.Nodes[0].NotReadySince = now.Add(-5 * time.Second)
	s.index()
	p := Compute(s)
	g.Expect(pageEntries(p)).To(ConsistOf(And(HaveField("Node", "a"), HaveField("Reason", v1beta1.ReasonNodeDeadlineExceeded))))
	g.Expect(nodesOf(p.DeletePods)).To(Equal([]string{"a"}))
	g.Expect(p.Status.Status.Blocked).To(BeEmpty(), "the Job waits for it no more")
	g.Expect(p.Status.Status.Failed).To(BeEquivalentTo(1))
}

// A node that the Job leaves out has no deadline: nobody waits for its kubelet to start the pod.
func TestANodeThatIsLeftOutHasNoDeadline(t *testing.T) {
	g := NewWithT(t)
	s := recordable(limited().MaxFailedNodes("0"), bound(pod("a").Waiting(v1beta1.ContainerName, "ContainerCreating", ""), 90), pod("b"))
	s.Nodes[0].NotReadySince = now.Add(-time.Hour)
	s.index()
	p := Compute(s)
	g.Expect(p.Unwritten.Nodes).To(BeEmpty())
	g.Expect(p.DeletePods).To(BeEmpty())
	g.Expect(p.Status.Outcome.Result).To(Equal(Undecided))
	g.Expect(p.Status.Status).To(And(HaveField("Desired", int32(1)), HaveField("LeftOutNodes", ConsistOf("a"))))
	s.Live = false
	g.Expect(Compute(s).ReadLive).To(BeFalse())
}

// A success that arrives before the pod is gone wins over the deadline.
func TestASuccessWinsOverTheDeadline(t *testing.T) {
	g := NewWithT(t)
	s := recordable(limited(), bound(pod("a"), 90), pod("b"))
	p := Compute(s)
	s = afterwards(s, p, bound(pod("a").Completed().Terminating(), 90), pod("b"))
	p = Compute(s)
	g.Expect(p.Unwritten.Nodes).To(ConsistOf(And(HaveField("Node", "a"), HaveField("Result", v1beta1.RecordSucceeded))))
	s = afterwards(s, p, pod("a").Gated(), pod("b").Completed())
	p = Compute(s)
	g.Expect(p.Status.Outcome.Result).To(Equal(Complete))
	g.Expect(p.Status.Status).To(And(HaveField("Succeeded", int32(2)), HaveField("Failed", int32(0))))
}

// A node past its deadline counts as any that failed.
func TestANodesDeadlineFailsItsJob(t *testing.T) {
	g := NewWithT(t)
	p := Compute(recordable(limited().MaxFailedNodes("0"), bound(pod("a"), 90), pod("b")))
	g.Expect(p.Status.Outcome).To(And(HaveField("Result", Fail), HaveField("Reason", v1beta1.ReasonMaxFailedNodesExceeded)))
	p = Compute(recordable(limited().MaxFailedNodes("0").OnFailure(v1beta1.FailureActionSuspend), bound(pod("a"), 90), pod("b")))
	g.Expect(p.Status.Outcome.Result).To(Equal(Hold))
	g.Expect(pageEntries(p)).To(ConsistOf(HaveField("Node", "a")))
}

// A stop starts nothing, so that it needs neither a Job that goes on nor the admission policy.
func TestADeadlineWhileNothingStarts(t *testing.T) {
	heldJob := withNodeDeadline(held(v1beta1.ReasonMaxFailedNodesExceeded, ""), 60)
	heldJob.Job.Status.RunGeneration, heldJob.Job.Status.Gated = 1, true
	for name, s := range map[string]State{
		"suspended":          recordable(limited().Suspend(true), bound(pod("a"), 90), pod("b").Gated()),
		"held":               recordable(heldJob, bound(pod("a"), 90), pod("b").Gated()),
		"without the policy": guardedBy(missing, recordable(limited(), bound(pod("a"), 90), pod("b").Gated())),
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			p := Compute(s)
			g.Expect(pageEntries(p)).To(ConsistOf(HaveField("Node", "a")))
			g.Expect(nodesOf(p.DeletePods)).To(Equal([]string{"a"}))
			g.Expect(p.Ungate).To(BeEmpty())
			p = Compute(guardedBy(s.Guard, afterwards(s, p, pod("a").Gated(), pod("b").Gated())))
			g.Expect(p.Ungate).To(BeEmpty())
			g.Expect(p.DeletePods).To(BeEmpty())
		})
	}
}
