package plan

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// refused is the State a moment after the API server refused a page.
func refused(s State) State {
	s.Records = s.Records.AfterRefusal("exceeded quota", s.Now.Add(-time.Millisecond))
	s.Records.Known = true
	return s
}

// later is the State when the page is tried again.
func later(s State) State {
	s.Now = s.Now.Add(minRecordRetry)
	return s
}

// The manager destroys no evidence while the API server refuses the page. The status goes on,
// and says why.
func TestARefusedPageDelaysWhatNeedsIt(t *testing.T) {
	parallel := func() *wrappers.JobWrapper { return once().Parallelism("2").MaxFailedNodes("1") }
	for name, test := range map[string]struct {
		state     State
		succeeded int32
		failed    int32
		ungated   []string
		// result and deleted are what becomes of it once pages are written.
		result  Result
		deleted []string
	}{
		"a failed node keeps its slot": {
			state:  stateWith(parallel(), gatedDaemonSet(3, 3), crashing("a"), pod("b").Gated(), pod("c").Gated()),
			failed: 1, ungated: []string{"b"}, deleted: []string{"a"},
		},
		"a retry": {
			state: func() State {
				status := retriedNow()
				status.RunGeneration, status.Gated = 1, true
				return stateWith(job().BackoffLimit(0).Parallelism("1").Status(status), gatedDaemonSet(2, 2), crashing("a"), pod("b").Gated())
			}(),
			deleted: []string{"a"},
		},
		"Failed": {
			state:  stateWith(once().Parallelism("1"), gatedDaemonSet(3, 3), crashing("a"), pod("b").Completed(), pod("c").Gated()),
			failed: 1, succeeded: 1, result: Fail,
		},
		"Failed by the deadline": {
			state:  stateWith(once().Parallelism("2").Deadline(5), gatedDaemonSet(3, 3), pod("a").Completed(), pod("b"), pod("c").Gated()),
			failed: 2, succeeded: 1, result: Fail,
		},
		"Failed by the deadline, a node has no pod": {
			state:  stateWith(job().Deadline(5), daemonSet(3, 3), pod("a").Completed(), pod("b")),
			failed: 2, succeeded: 1, result: Fail,
		},
		"Complete": {
			state:     recordedIn(aRun, stateWith(once(), gatedDaemonSet(2, 2), pod("a").Completed(), pod("b").Completed()), done("a")),
			succeeded: 2, result: Complete,
		},
		"Complete, and its results are asked for": {
			state:     stateWith(retaining(new(int32(60))), daemonSet(1, 1), pod("a").Completed()),
			succeeded: 1, result: Complete,
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			test.state.Records.Known = true
			tries := Compute(later(refused(test.state)))
			g.Expect(tries.Pages).To(HaveLen(1))
			g.Expect(tries.Status.Outcome.Result).To(Equal(test.result))
			g.Expect(nodesOf(tries.DeletePods)).To(ConsistOf(test.deleted))
			g.Expect(tries.Status.Status.Blocked).NotTo(Equal(v1beta1.ReasonRecordRefused), "it is written after the page")

			p := Compute(refused(test.state))
			g.Expect(p.Pages).To(BeEmpty())
			g.Expect(p.DeletePods).To(BeEmpty())
			g.Expect(p.DaemonSet).To(Equal(KeepDaemonSet))
			g.Expect(nodesOf(p.Ungate)).To(ConsistOf(test.ungated), "a Job whose verdict is due starts nothing more")
			g.Expect(p.ReadLive).To(BeFalse())
			g.Expect(p.RequeueAfter).To(And(BeNumerically(">", 0), BeNumerically("<=", minRecordRetry)))
			status := p.Status.Status
			g.Expect(finishedCondition(&status)).To(BeNil())
			g.Expect(status.Blocked).To(Equal(v1beta1.ReasonRecordRefused))
			g.Expect(status.Conditions).To(ContainElement(And(HaveField("Type", v1beta1.JobBlocked), HaveField("Message", ContainSubstring("exceeded quota")))))
			g.Expect([]int32{status.Succeeded, status.Failed}).To(Equal([]int32{test.succeeded, test.failed}))
			g.Expect(status.Gated).To(BeTrue())
		})
	}
}

// The manager goes on with what needs no page.
func TestARefusedPageDelaysNothingElse(t *testing.T) {
	g := NewWithT(t)
	release := once().Parallelism("2")
	release.Spec.CompletedPods = v1beta1.CompletedPodsRelease
	s := recordedIn(aRun, stateWith(release, gatedDaemonSet(3, 3), pod("a").Completed(), pod("b").Completed(), pod("c").Gated()), done("a"))
	p := Compute(refused(s))
	g.Expect(nodesOf(p.DeletePods)).To(Equal([]string{"a"}), "b is not recorded yet")
	g.Expect(nodesOf(p.Ungate)).To(Equal([]string{"c"}))
	g.Expect(p.Unwritten.Nodes).To(ConsistOf(HaveField("Node", "b")))

	plain := Compute(refused(stateWith(job(), daemonSet(1, 1), pod("a").Completed())))
	g.Expect(plain.Status.Outcome.Result).To(Equal(Complete), "it needs no page")
	g.Expect(plain.Status.Status.Blocked).To(BeEmpty())

	deleted := once()
	deleted.DeletionTimestamp = new(metav1.NewTime(now))
	deleted.Spec.Results = &v1beta1.Results{RetainSeconds: new(int32(60))}
	s = stateWith(deleted, daemonSet(1, 1), pod("a").Completed())
	s.Records = Records{Known: true, Unwritten: Entries{Run: aRun, RetainSeconds: new(int32(60)), Nodes: []v1beta1.NodeRecord{done("a")}}}
	p = Compute(refused(s))
	g.Expect(p.Pages).To(BeEmpty())
	g.Expect(p.DaemonSet).To(Equal(GateTemplate))
	g.Expect(p.RequeueAfter).To(BeNumerically(">", 0))
	g.Expect(Compute(later(refused(s))).Pages).To(HaveLen(1))
}

// A run begins when what the one before it did is recorded. The status keeps the run that a
// manager which starts must record.
func TestARefusedPageOfAnEarlierRun(t *testing.T) {
	g := NewWithT(t)
	s := refused(changed(wrappers.Pod(aJob, "a", "h0").Completed(), wrappers.Pod(aJob, "b", "h0")))
	p := Compute(s)
	g.Expect(p.Pages).To(BeEmpty())
	g.Expect(p.DeletePods).To(BeEmpty())
	g.Expect(p.Status.Status.Blocked).To(Equal(v1beta1.ReasonRecordRefused))
	g.Expect(p.Status.Status.TemplateHash).To(Equal("h0"))
	g.Expect(p.Status.Status.RunGeneration).To(BeEquivalentTo(1))
	g.Expect(p.Unwritten).To(And(HaveField("Run", earlierRun), HaveField("Nodes", HaveLen(1))))
	g.Expect(p.RequeueAfter).To(BeNumerically("~", minRecordRetry, time.Second))

	s.Job.Status = p.Status.Status
	g.Expect(Compute(s).Status).To(BeNil(), "it is said once")
	p = Compute(later(s))
	g.Expect(p.Pages).To(HaveExactElements(HaveField("Spec.Run", earlierRun)))

	s.Records = s.Records.Written(p.Pages, p.Later, now)
	g.Expect(s.Records.Refused).To(BeZero())
	p = Compute(s)
	g.Expect(p.Status.Status.Blocked).To(BeEmpty())
	g.Expect(p.Status.Status.TemplateHash).To(Equal(hash))
}

// The pause before the next try grows with the time for which pages were refused.
func TestUntilRecord(t *testing.T) {
	for refusedFor, want := range map[time.Duration]time.Duration{
		0: 5 * time.Second, 4 * time.Second: 5 * time.Second, 12 * time.Second: 12 * time.Second, time.Hour: 30 * time.Second,
	} {
		t.Run(fmt.Sprint(refusedFor), func(t *testing.T) {
			g := NewWithT(t)
			first := Records{Known: true}.AfterRefusal("first", now.Add(-refusedFor))
			s := State{Now: now, Records: first.AfterRefusal("again", now)}
			g.Expect(s.Records.Known).To(BeFalse(), "the API server may have written the pages before it")
			g.Expect(s.untilRecord()).To(Equal(want))
			s.Now = now.Add(want)
			g.Expect(s.untilRecord()).To(BeZero())
		})
	}
}
