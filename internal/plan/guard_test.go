package plan

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

var missing = Guard{Missing: "the policy is missing: apply it"}

// guardedBy is the State of a Job under a Guard.
func guardedBy(guard Guard, s State) State {
	s.Guard = guard
	return s
}

func TestWithoutThePolicyNothingStarts(t *testing.T) {
	retried := started(10)
	retried.RetryTime = new(metav1.NewTime(now))
	oldPod := func() *wrappers.PodWrapper { return pod("a").Label(v1beta1.LabelTemplateHash, "h0") }
	for name, s := range map[string]State{
		"a gate":                       stateWith(job().Parallelism("1"), daemonSet(1, 1), pod("a").Gated()),
		"a pod of an earlier template": stateWith(job(), daemonSet(1, 1), oldPod()),
		"a pod that failed before":     stateWith(job().Status(retried).BackoffLimit(0), gatedDaemonSet(1, 1), crashing("a")),
		"a pod without room":           stateWith(job().Parallelism("1"), gatedDaemonSet(1, 1), pod("a").Unschedulable("full")),
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			free := Compute(s)
			g.Expect(len(free.Ungate)+len(free.DeletePods)+len(free.Reclaim)).To(Equal(1), "the test tests nothing")
			p := Compute(guardedBy(missing, s))
			g.Expect(p.Ungate).To(BeEmpty())
			g.Expect(p.DeletePods).To(BeEmpty())
			g.Expect(p.Reclaim).To(BeEmpty())
			g.Expect(p.ReadLive).To(BeFalse())
			g.Expect(p.Status.Status.Blocked).To(Equal(v1beta1.ReasonGuardMissing))
			g.Expect(meta.FindStatusCondition(p.Status.Status.Conditions, v1beta1.JobBlocked).Message).To(Equal(missing.Missing))
			g.Expect(p.Status.Events).NotTo(ContainElement(HaveField("Reason", v1beta1.ReasonGuardMissing)), "one event says so for all Jobs")
		})
	}
}

func TestWithoutThePolicyWhatStopsWorkGoesOn(t *testing.T) {
	g := NewWithT(t)
	p := Compute(guardedBy(missing, stateWith(job(), daemonSet(1, 1), pod("a").Completed())))
	g.Expect(p.Status.Status.Phase).To(Equal(v1beta1.PhaseComplete))
	g.Expect(p.Status.Status.Blocked).To(BeEmpty())

	p = Compute(guardedBy(missing, stateWith(job(), daemonSet(1, 1), crashing("a"))))
	g.Expect(p.Status.Status.Phase).To(Equal(v1beta1.PhaseFailed))
	g.Expect(p.DaemonSet).To(Equal(DeleteDaemonSet))

	p = Compute(guardedBy(missing, stateWith(job().OnFailure(v1beta1.FailureActionSuspend), daemonSet(1, 1), crashing("a"))))
	g.Expect(p.DaemonSet).To(Equal(GateTemplate))
	g.Expect(p.Status.Status.Phase).To(Equal(v1beta1.PhaseSuspended))
}

// A status with the hash of the template says that the Job has begun, and was checked.
func TestAJobThatWaitsForThePolicyHasNotBegun(t *testing.T) {
	g := NewWithT(t)
	s := guardedBy(missing, stateWith(job().Status(v1beta1.JobStatus{ObservedGeneration: -1}), nil))
	p := Compute(s)
	g.Expect(p.Status.Status.TemplateHash).To(BeEmpty())
	g.Expect(p.Status.Status.ObservedGeneration).To(Equal(int64(1)))
	g.Expect(p.Status.Status.Phase).To(Equal(v1beta1.PhasePending))
	g.Expect(meta.IsStatusConditionFalse(p.Status.Status.Conditions, v1beta1.JobReady)).To(BeTrue())
	g.Expect(meta.FindStatusCondition(p.Status.Status.Conditions, v1beta1.JobStalled)).To(BeNil(), "it goes on by itself")

	s.Job.Status = p.Status.Status
	g.Expect(Compute(s).Status).To(BeNil(), "it is written once")
	s.Guard = Guard{}
	g.Expect(Compute(s).Status.Status).To(And(HaveField("TemplateHash", hash), HaveField("Blocked", BeElementOf("", v1beta1.ReasonNoMatchingNode))))
}

func TestAChangedTemplateWaitsForThePolicy(t *testing.T) {
	earlier := started(10)
	earlier.TemplateHash = "h0"
	finished := started(10)
	finished.TemplateHash, finished.Phase = "h0", v1beta1.PhaseComplete
	finished.Conditions = []metav1.Condition{{Type: v1beta1.JobComplete, Status: metav1.ConditionTrue, LastTransitionTime: metav1.NewTime(now.Add(-time.Minute))}}
	for name, status := range map[string]v1beta1.JobStatus{"at work": earlier, "finished": finished} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := guardedBy(missing, stateWith(job().Generation(2).TTL(600).Status(status), daemonSet(1, 1), pod("a")))
			p := Compute(s)
			after := p.Status.Status
			g.Expect(after.Blocked).To(Equal(v1beta1.ReasonGuardMissing))
			g.Expect(p.Status.Events).To(BeEmpty())
			after.Blocked, after.Conditions = "", status.Conditions
			g.Expect(after).To(Equal(status), "the status is the earlier template's")
			g.Expect(p.IncludeInBackup).To(BeFalse())

			s.Job.Status = p.Status.Status
			s.Guard = Guard{}
			g.Expect(Compute(s).Status.Status.TemplateHash).To(Equal(hash), "it starts over under the policy")
			s.TemplateHash, s.Guard = "h0", missing
			if name == "finished" {
				g.Expect(Compute(s).Status.Status).To(And(HaveField("Blocked", ""), HaveField("ObservedGeneration", int64(2)), HaveField("Phase", v1beta1.PhaseComplete)))
			}
		})
	}
}

func TestWhoIsVouchedFor(t *testing.T) {
	guard := Guard{Since: now}
	for name, test := range map[string]struct {
		created time.Time
		hash    string
		want    string
	}{
		"a Job that is older, and was never begun": {now.Add(-time.Second), "", v1beta1.ReasonNotVouchedFor},
		"a Job that is older, and has begun":       {now.Add(-time.Second), hash, ""},
		"a Job that was created under the policy":  {now, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := guardedBy(guard, stateWith(job().Status(v1beta1.JobStatus{TemplateHash: test.hash}), nil))
			s.Job.CreationTimestamp = metav1.NewTime(test.created)
			p := Compute(s)
			if g.Expect(s.Guard.Blocker(s.Job).Reason).To(Equal(test.want)); test.want == "" {
				g.Expect(p.Status.Status.TemplateHash).To(Equal(hash))
				return
			}
			g.Expect(p.Status.Status).To(And(HaveField("TemplateHash", ""), HaveField("Blocked", test.want)))
			g.Expect(p.Status.Events).To(ConsistOf(And(HaveField("Reason", test.want), HaveField("Message", ContainSubstring("kubectl replace --force")))))
			g.Expect(meta.IsStatusConditionTrue(p.Status.Status.Conditions, v1beta1.JobStalled)).To(BeTrue(), "only a user ends it")
		})
	}
}
