package plan

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// changed is a Job whose template has changed since its status was written, with pods that
// did the earlier run's work.
func changed(pods ...*wrappers.PodWrapper) State {
	s := stateWith(once(), gatedDaemonSet(int32(len(pods)), 0), pods...)
	s.Job.Status.TemplateHash, s.Job.Generation = "h0", 2
	s.Records.Known = true
	s.index()
	return s
}

var earlierRun = v1beta1.JobRun{TemplateHash: "h0", Generation: 1}

// A manager that was down when the template changed records what its predecessor did not.
func TestAnEarlierRunIsRecordedBeforeItsPodsGo(t *testing.T) {
	g := NewWithT(t)
	old := func(node string) *wrappers.PodWrapper { return wrappers.Pod(aJob, node, "h0") }
	s := changed(old("a").Completed(), old("b"))
	p := Compute(s)
	g.Expect(p.DeletePods).To(BeEmpty())
	g.Expect(p.Pages).To(HaveLen(1))
	g.Expect(p.Pages[0].Spec.Run).To(Equal(earlierRun))
	g.Expect(p.Pages[0].Spec.Nodes).To(ConsistOf(HaveField("Node", "a")))

	s.Records = s.Records.Written(p.Pages, p.Later, now)
	s.index()
	p = Compute(s)
	g.Expect(p.Pages).To(BeEmpty())
	g.Expect(nodesOf(p.DeletePods)).To(ConsistOf("a", "b"))
	g.Expect(p.Status.Status.RunGeneration).To(BeEquivalentTo(2))
}

// A change that waits for the policy can be taken back: what was done until then counts.
func TestWhatIsDoneWhileAChangeWaitsIsRemembered(t *testing.T) {
	g := NewWithT(t)
	s := guardedBy(missing, changed(wrappers.Pod(aJob, "a", "h0").Completed()))
	s.Pods[0].Gone = true
	p := Compute(s)
	g.Expect(p.Unwritten).To(And(HaveField("Run", earlierRun), HaveField("Nodes", HaveLen(1))))
}

// The answer to a write was lost, or the first of several pages was written.
func TestWhatAPageHasIsNotWrittenAgain(t *testing.T) {
	g := NewWithT(t)
	s := recordedIn(aRun, stateWith(once(), gatedDaemonSet(3, 3), pod("a").Completed(), pod("b").Completed(), pod("c")), done("a"))
	s.Records.Unwritten = Entries{Run: aRun, Nodes: []v1beta1.NodeRecord{done("a"), done("b")}}
	g.Expect(Compute(s).Unwritten.Nodes).To(ConsistOf(HaveField("Node", "b")))
}

// What a rule decides after a failure is recorded too, and its pod stays until then.
func TestARuleAfterAFailureIsRecorded(t *testing.T) {
	for name, action := range map[string]v1beta1.NodeFailureAction{"skipped": skip, "failed for good": fail} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			j := withRules(held(v1beta1.ReasonMaxFailedNodesExceeded, ""), when(action, 42)).Parallelism("1")
			j.Job.Status.RunGeneration, j.Job.Status.Gated = 1, true
			failed := failedAt("a", now)
			failed.PodUID = pod("a").Pod.UID
			s := recordedIn(aRun, recordable(j, exited(crashing("a"), v1beta1.ContainerName, 42, 5), pod("b").Gated()), failed)
			s.Live = false
			p := Compute(s)
			g.Expect(p.ReadLive).To(BeTrue())
			s.Records.Unwritten, s.Live = p.Unwritten, true
			p = Compute(s)
			g.Expect(nodesOf(p.DeletePods)).To(Equal([]string{"a"}))
			g.Expect(pageEntries(p)).To(ContainElement(And(HaveField("Node", "a"), HaveField("Reason", v1beta1.ReasonNodeFailurePolicy))))

			s.Records.Unwritten = Entries{Run: aRun, Nodes: p.Unwritten.Nodes}
			s.Records.Pages = []*v1beta1.JobRecord{p.Pages[0]}
			p = Compute(s)
			g.Expect(p.Unwritten.Nodes).To(BeEmpty(), "the answer was lost")
			g.Expect(p.Pages).To(BeEmpty())
		})
	}
}

// What was remembered while the pages were unknown does not count against them.
func TestAPageCountsMoreThanWhatIsRemembered(t *testing.T) {
	g := NewWithT(t)
	s := recordedIn(aRun, recordable(ruled(when(failJob, 42)), pod("a").Exit("one").Ended("one", 0), pod("b")), done("a"))
	ruledOut := entry("a", v1beta1.RecordFailed)
	ruledOut.Reason, ruledOut.ExitCode, ruledOut.PodUID = v1beta1.ReasonNodeFailurePolicy, new(int32(42)), s.Pods[0].UID
	s.Records.Unwritten = Entries{Run: aRun, Nodes: []v1beta1.NodeRecord{ruledOut}}
	p := Compute(s)
	g.Expect(p.Status.Outcome.Result).To(Equal(Undecided))
	g.Expect(p.Status.Status.Succeeded).To(BeEquivalentTo(1))
	g.Expect(p.DeletePods).To(BeEmpty())
	g.Expect(p.Unwritten.Nodes).To(BeEmpty())
}

// Pods are released as pages are written: their release writes none.
func TestAReleaseWritesNoPage(t *testing.T) {
	g := NewWithT(t)
	j := once()
	j.Spec.CompletedPods = v1beta1.CompletedPodsRelease
	s := recordedIn(aRun, stateWith(j, gatedDaemonSet(3, 3), pod("a").Completed(), pod("b").Completed(), pod("c")), done("a"))
	s.Records.LastWrite = now.Add(-time.Second)
	p := Compute(s)
	g.Expect(nodesOf(p.DeletePods)).To(Equal([]string{"a"}))
	g.Expect(p.Pages).To(BeEmpty())
}

// A plain Job that never ends has no gate, and a replaced machine does its work at once.
func TestAReplacedMachineOfAJobThatNeverEnds(t *testing.T) {
	g := NewWithT(t)
	s := stateWith(job().Never(), daemonSet(1, 1), pod("a").Completed())
	s.Pods[0].ScheduledAt, s.Nodes[0].Created = now.Add(-time.Hour), now
	p := Compute(s)
	g.Expect(nodesOf(p.DeletePods)).To(Equal([]string{"a"}))
	g.Expect(p.Status.Status.Gated).To(BeFalse())
}

// What is retained is written when its Job is deleted, if a finalizer leaves the time.
func TestADeletedJobWritesWhatIsRetained(t *testing.T) {
	for retain, pages := range map[*int32]int{nil: 0, new(int32(60)): 1} {
		j := once()
		j.DeletionTimestamp = new(metav1.NewTime(now))
		j.Spec.Results = &v1beta1.Results{RetainSeconds: retain}
		s := stateWith(j, gatedDaemonSet(1, 1), pod("a").Completed())
		s.Records = Records{Known: true, Unwritten: Entries{Run: aRun, RetainSeconds: retain, Nodes: []v1beta1.NodeRecord{done("a")}}}
		NewWithT(t).Expect(Compute(s).Pages).To(HaveLen(pages))
	}
}

// The manager keeps the entries of the last run alone: those of earlier ones never count.
func TestEntriesOfEarlierRunsAreNotKept(t *testing.T) {
	g := NewWithT(t)
	pages := []*v1beta1.JobRecord{newPage(aJob, 0, earlierRun), newPage(aJob, 1, aRun)}
	for _, page := range pages {
		page.Spec.Nodes = manyDone(3).Nodes
	}
	kept := KeptPages(pages)
	g.Expect(kept[0].Spec.Nodes).To(BeEmpty())
	g.Expect(kept[0].Spec.Sealed).To(BeTrue(), "it is never written")
	g.Expect(kept[1].Spec.Nodes).To(HaveLen(3))
	g.Expect(pages[0].Spec.Nodes).To(HaveLen(3))
}
