package plan

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// A page says that a node failed, and a rule matches a later exit of the pod that a held Job
// keeps. Until a page says that as well it is remembered, and nothing rests on it.
func TestARuleAfterARecordedFailure(t *testing.T) {
	for name, action := range map[string]v1beta1.NodeFailureAction{"skip": skip, "fail": fail, "fail the Job": failJob} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			j := withRules(held(v1beta1.ReasonMaxFailedNodesExceeded, "").Parallelism("1"), when(action, 42))
			j.Job.Status.RunGeneration, j.Job.Status.Gated = 1, true
			failed := stoppedIn("a", 1, "first")
			s := recordedIn(aRun, recordable(j, named(exits("a", 42), "first"), pod("b").Gated()), failed)
			p := Compute(s)
			g.Expect(pageEntries(p)).To(ContainElement(HaveField("Reason", v1beta1.ReasonNodeFailurePolicy)))

			s.Records.Unwritten = p.Unwritten // The request failed.
			p = Compute(s)
			g.Expect(pageEntries(p)).To(ContainElement(HaveField("Reason", v1beta1.ReasonNodeFailurePolicy)), "after a passing error")
			g.Expect(p.Unwritten.Nodes).To(HaveLen(1))

			p = Compute(refused(s))
			g.Expect(p.Unwritten.Nodes).To(HaveLen(1), "while it is refused")
			g.Expect(p.DeletePods).To(BeEmpty())
			g.Expect(p.DaemonSet).To(Equal(KeepDaemonSet))
			g.Expect(finishedCondition(&p.Status.Status)).To(BeNil())
		})
	}
}

// What a page says of a done node holds against what a process remembers that did not know it.
func TestAPageHoldsAgainstAnUnwrittenEntry(t *testing.T) {
	g := NewWithT(t)
	failing := stoppedIn("a", 1, "first")
	failing.Reason, failing.ExitCode = v1beta1.ReasonNodeFailurePolicy, new(int32(42))
	s := recordedIn(aRun, recordable(ruled(when(failJob, 42)), named(exits("a", 42), "first"), pod("b")), done("a"))
	s.Records.Unwritten = Entries{Run: aRun, Nodes: []v1beta1.NodeRecord{failing}}
	s.index()
	p := Compute(s)
	g.Expect(p.Status.Outcome.Result).To(Equal(Undecided))
	g.Expect(p.DeletePods).To(BeEmpty())
}

// While the API server refuses pages, a node can fail in several tries. The manager then writes all of them at once, and may lose
// the answer. It must not write the first try once more: that would be the node's last entry, and allow a retry too many.
func TestWrittenTriesAreDroppedTogether(t *testing.T) {
	first, second, third := stoppedIn("a", 1, "first"), stoppedIn("a", 2, "second"), stoppedIn("a", 3, "third")
	other := stoppedIn("b", 1, "other")
	for name, test := range map[string]struct {
		written []v1beta1.NodeRecord
		kept    []v1beta1.NodeRecord
	}{
		"nothing was written":   {nil, []v1beta1.NodeRecord{first, other, second, third}},
		"the first page was":    {[]v1beta1.NodeRecord{first, other}, []v1beta1.NodeRecord{second, third}},
		"all but the last were": {[]v1beta1.NodeRecord{first, other, second}, []v1beta1.NodeRecord{third}},
		"all were":              {[]v1beta1.NodeRecord{first, other, second, third}, nil},
		"the node is done":      {[]v1beta1.NodeRecord{done("a")}, []v1beta1.NodeRecord{other}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := recordedIn(aRun, recordable(ruled(when(failJob, 42)), pod("a"), pod("b")), test.written...)
			s.Records.Unwritten = Entries{Run: aRun, Nodes: []v1beta1.NodeRecord{first, other, second, third}}
			s.index()
			g.Expect(s.Records.Unwritten.Nodes).To(HaveLen(len(test.kept)))
			for i := range test.kept {
				g.Expect(s.Records.Unwritten.Nodes[i].PodUID).To(Equal(test.kept[i].PodUID))
			}
		})
	}
}
