package plan

import (
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// A fresh pod has fresh restarts, and the node counts as failed at its last try.
func TestTheLastTry(t *testing.T) {
	for name, test := range map[string]struct {
		job    *wrappers.JobWrapper
		pod    *wrappers.PodWrapper
		failed int32
		result Result
		try    int32
	}{
		"it works":                   {job: retrying(1), pod: pod("a")},
		"it restarts as it may":      {job: retrying(1), pod: pod("a").Restarted(v1beta1.ContainerName, 6, 3, "")},
		"it is done":                 {job: retrying(1), pod: pod("a").Completed(), result: Complete},
		"it fails":                   {job: retrying(1), pod: crashing("a"), failed: 1, result: Fail, try: 2},
		"it fails, and is tolerated": {job: retrying(1).MaxFailedNodes("1"), pod: crashing("a"), failed: 1, result: Complete, try: 2},
		"it fails, and holds":        {job: retrying(1).OnFailure(v1beta1.FailureActionSuspend), pod: crashing("a"), failed: 1, result: Hold},
		"it fails, with one more":    {job: retrying(2), pod: crashing("a"), try: 2},
		"it fails, and never ends":   {job: retrying(1).Never(), pod: crashing("a"), failed: 1},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := recordedIn(aRun, recordable(test.job, named(test.pod, "again"), pod("b").Completed()), stoppedIn("a", 1, "first"), done("b"))
			p := Compute(s)
			g.Expect(p.Status.Status.Failed).To(Equal(test.failed))
			g.Expect(p.Status.Outcome.Result).To(Equal(test.result))
			again := And(HaveField("Node", "a"), HaveField("PodUID", types.UID("again")), HaveField("Result", v1beta1.RecordFailed))
			if test.try == 0 {
				g.Expect(pageEntries(p)).NotTo(ContainElement(again))
				return
			}
			g.Expect(pageEntries(p)).To(ContainElement(And(again, HaveField("Try", test.try))))
		})
	}
}

// Without parallelism the kubelet restarts the work of the last try, which may still succeed.
func TestTheLastTryMaySucceedAfterAll(t *testing.T) {
	g := NewWithT(t)
	j := retrying(1).MaxFailedNodes("1")
	s := recordedIn(aRun, recordable(j, named(crashing("a"), "again"), pod("b")), stoppedIn("a", 1, "first"))
	p := Compute(s)
	g.Expect(p.DeletePods).To(BeEmpty())
	g.Expect(p.Status.Status.Failed).To(BeEquivalentTo(1))
	s = afterwards(s, p, named(crashing("a").Completed(), "again"), pod("b").Completed())
	g.Expect(Compute(s).Status.Status).To(And(HaveField("Succeeded", int32(2)), HaveField("Failed", int32(0))))
}

// With parallelism the work of the last try is stopped, since its slot is needed.
func TestTheLastTryGivesItsSlotBack(t *testing.T) {
	g := NewWithT(t)
	j := retrying(1).MaxFailedNodes("1").Parallelism("1")
	s := recordedIn(aRun, recordable(j, named(crashing("a"), "again"), pod("b").Gated()), stoppedIn("a", 1, "first"), stoppedIn("b", 1, "b-1"))
	p := Compute(s)
	g.Expect(pageEntries(p)).To(ContainElement(And(HaveField("Node", "a"), HaveField("PodUID", types.UID("again")), HaveField("Try", int32(2)))))
	g.Expect(nodesOf(p.DeletePods)).To(Equal([]string{"a"}))
	g.Expect(p.Ungate).To(BeEmpty())
	p = Compute(afterwards(s, p, named(pod("a").Gated(), "third"), pod("b").Gated()))
	g.Expect(nodesOf(p.Ungate)).To(Equal([]string{"b"}), "a has no try left")
}

// When the Job's deadline passes, those that wait for a try or are in one count as failed.
func TestTheJobsDeadlineEndsAllTries(t *testing.T) {
	g := NewWithT(t)
	j := retrying(3).Deadline(5)
	s := recordedIn(aRun, recordable(j, pod("a").Gated(), named(pod("b"), "again"), pod("c").Completed()), stoppedIn("a", 1, "a-1"), stoppedIn("b", 1, "b-1"))
	p := Compute(s)
	g.Expect(p.Status.Outcome).To(And(HaveField("Result", Fail), HaveField("Reason", v1beta1.ReasonDeadlineExceeded)))
	g.Expect(p.Status.Status.Failed).To(BeEquivalentTo(2))
}

// A success that arrives before the pod of a failed try is gone wins.
func TestAFailedTryMaySucceedAfterAll(t *testing.T) {
	g := NewWithT(t)
	s := recordedIn(aRun, recordable(retrying(1), named(crashing("a").Completed().Terminating(), "first"), pod("b")), stoppedIn("a", 1, "first"))
	p := Compute(s)
	g.Expect(p.Unwritten.Nodes).To(ContainElement(And(HaveField("Node", "a"), HaveField("Result", v1beta1.RecordSucceeded))))
	s = afterwards(s, p, pod("a").Gated(), pod("b").Completed())
	p = Compute(s)
	g.Expect(p.Ungate).To(BeEmpty())
	g.Expect(p.Status.Outcome.Result).To(Equal(Complete))
}

// The deadline of the Job is no failure that is tried again: a Job that holds itself lets the
// work go on that has started.
func TestAHoldByTheJobsDeadlineStopsNoWork(t *testing.T) {
	for name, n := range map[string]int32{"without retries": 0, "with retries": 2} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			j := retrying(n).Parallelism("1").Deadline(5).OnFailure(v1beta1.FailureActionSuspend)
			s := recordable(j, named(pod("a"), "first"), pod("b").Gated())
			p := Compute(s)
			g.Expect(p.Status.Outcome.Result).To(Equal(Hold))
			s = afterwards(s, p, named(pod("a"), "first"), pod("b").Gated())
			p = Compute(s)
			g.Expect(p.DeletePods).To(BeEmpty())
			g.Expect(p.Pages).To(BeEmpty())
		})
	}
}
