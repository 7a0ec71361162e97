package plan

import (
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// A Job that an exit fails is Failed at once, whatever else its spec says.
func TestAnExitFailsTheJob(t *testing.T) {
	for name, j := range map[string]*wrappers.JobWrapper{
		"a plain Job":               ruled(),
		"onFailure: Suspend":        ruled().OnFailure(v1beta1.FailureActionSuspend),
		"maxFailedNodes: 100%":      ruled().MaxFailedNodes("100%"),
		"completionPolicy: Never":   ruled().Never(),
		"retries left":              withRetries(ruled(), 5),
		"suspended by the user":     ruled().Suspend(true),
		"with parallelism":          ruled().Parallelism("1"),
		"a deadline that passed":    ruled().Deadline(1),
		"its DaemonSet has no gate": withRules(job()),
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			j.Spec.NodeFailurePolicy.Rules = []v1beta1.NodeFailureRule{when(failJob, 42)}
			s := recordable(j, exits("a", 42), pod("b"), pod("c").Completed())
			p := Compute(s)
			g.Expect(p.Status.Outcome.Result).To(Equal(Fail))
			failed := meta.FindStatusCondition(p.Status.Status.Conditions, v1beta1.JobFailed)
			g.Expect(failed).To(HaveField("Reason", v1beta1.ReasonNodeFailurePolicy))
			g.Expect(failed.Message).To(ContainSubstring("42"))
			g.Expect(p.Status.Status.FailedNodes).To(ContainElement(And(HaveField("Node", "a"), HaveField("Reason", v1beta1.ReasonNodeFailurePolicy))))
			g.Expect(pageEntries(p)).To(ContainElements(
				And(HaveField("Node", "a"), HaveField("Result", v1beta1.RecordFailed), HaveField("Reason", v1beta1.ReasonNodeFailurePolicy)),
				And(HaveField("Node", "c"), HaveField("Result", v1beta1.RecordSucceeded))))
			g.Expect(p.DaemonSet).To(Equal(DeleteDaemonSet))
			s.Live = false
			g.Expect(Compute(s).ReadLive).To(BeTrue(), "it cannot be undone")
		})
	}
}

// A Job that holds itself is failed by an exit as well.
func TestAnExitFailsAJobThatHoldsItself(t *testing.T) {
	g := NewWithT(t)
	j := withRules(held(v1beta1.ReasonMaxFailedNodesExceeded, ""), when(failJob, 42))
	j.Job.Status.RunGeneration, j.Job.Status.Gated = 1, true
	g.Expect(Compute(recordable(j, exits("a", 42), pod("b"))).Status.Outcome.Result).To(Equal(Fail))
}

// A node that failed and is tried again may still exit with a code for which a rule fails the
// Job, before its pod is gone. Its next try would run what must never run again.
func TestARuleCountsInAPodThatIsStoppedForARetry(t *testing.T) {
	g := NewWithT(t)
	j := withRetries(ruled(when(v1beta1.NodeActionFailJob, 42)), 1).BackoffLimit(0)
	s := recordable(j, exits("a", 1))
	s.Live = true
	p := Compute(s)
	g.Expect(pageEntries(p)).To(ConsistOf(HaveField("Reason", v1beta1.ReasonBackoffLimitExceeded)))

	s = afterwards(s, p, exits("a", 42))
	s.Live = true
	p = Compute(s)
	g.Expect(pageEntries(p)[len(pageEntries(p))-1]).To(HaveField("Reason", v1beta1.ReasonNodeFailurePolicy))
	g.Expect(p.Status.Outcome.Result).To(Equal(Fail))
}
