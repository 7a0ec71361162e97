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

// resumedBefore is a Job that the user resumed so many seconds ago.
func resumedBefore(secondsAgo int) *wrappers.JobWrapper {
	j := once().MaxFailedNodes("1")
	j.Job.Status.RetryTime = new(metav1.NewTime(now.Add(-time.Duration(secondsAgo) * time.Second)))
	return j
}

// A failure after a resume holds, although its pod is older than the resume and its deletion
// failed: an entry from before the resume would let the node work once more.
func TestAFailureAfterAResumeHolds(t *testing.T) {
	for _, reason := range []string{v1beta1.ReasonNodeDeadlineExceeded, v1beta1.ReasonNodeFailurePolicy} {
		t.Run(reason, func(t *testing.T) {
			g := NewWithT(t)
			e := failedAt("a", now.Add(-10*time.Second))
			e.Reason, e.PodUID = reason, "first"
			pods := pods(named(crashing("a"), "first").Created(1), pod("b"))
			j := withNodeDeadline(resumedBefore(60), 3600)
			s := recordedIn(aRun, recordable(j, pods...), e)
			p := Compute(s)
			g.Expect(pageEntries(p)).To(HaveLen(len(s.Records.Pages[0].Spec.Nodes)*len(p.Pages)), "there is no other entry")
			g.Expect(nodesOf(p.DeletePods)).To(Equal([]string{"a"}))
			g.Expect(p.Status.Status.Failed).To(Equal(int32(1)))

			s = afterwards(s, p, pod("a").Gated(), pod("b"))
			s.Live = true
			g.Expect(Compute(s).Ungate).To(BeEmpty(), "the node has failed for good")
		})
	}
}

// A resume is rounded up to a second. All pods of a DaemonSet that was made in this second are
// made after the resume of a Failed Job, and their failures count.
func TestAPodOfTheSecondOfItsResume(t *testing.T) {
	g := NewWithT(t)
	j := resumedBefore(29)
	s := recordable(j, crashing("a"), pod("b"))
	s.Pods[0].Created = now.Add(-30 * time.Second)
	s.DaemonSet.CreationTimestamp = metav1.NewTime(now.Add(-30 * time.Second))
	p := Compute(s)
	g.Expect(p.Status.Status.Failed).To(Equal(int32(1)))
	g.Expect(p.DeletePods).To(BeEmpty())
}

// A Job that failed while it held itself is resumed like any other.
func TestAResumeEndsTheHoldOfAFailedJob(t *testing.T) {
	for name, test := range map[string]struct {
		change    func(*v1beta1.Job, *State)
		suspended string
		phase     v1beta1.JobPhase
	}{
		"by the annotation":   {func(j *v1beta1.Job, _ *State) { j.Annotations[v1beta1.AnnotationResume] = "2" }, v1beta1.ReasonResumed, v1beta1.PhasePending},
		"by another template": {func(_ *v1beta1.Job, s *State) { s.TemplateHash = "h2" }, v1beta1.ReasonResumed, v1beta1.PhasePending},
		"by the annotation, but suspended": {func(j *v1beta1.Job, _ *State) {
			j.Annotations[v1beta1.AnnotationResume], j.Spec.Suspend = "2", new(true)
		}, v1beta1.ReasonSuspendedByUser, v1beta1.PhaseSuspended},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := State{Job: held(v1beta1.ReasonMaxFailedNodesExceeded, "1").Obj(), Now: now, TemplateHash: hash, ExpectationsMet: true, Live: true}
			s.Job.Status.RunGeneration, s.Job.Status.Phase = 1, v1beta1.PhaseFailed
			s.Job.Status.Conditions = append(s.Job.Status.Conditions, metav1.Condition{Type: v1beta1.JobFailed, Status: metav1.ConditionTrue, Reason: v1beta1.ReasonNodeFailurePolicy})
			test.change(s.Job, &s)
			p := Compute(s)
			s.Job.Status = p.Status.Status
			g.Expect(meta.FindStatusCondition(s.Job.Status.Conditions, v1beta1.JobSuspended)).To(HaveField("Reason", test.suspended))
			g.Expect(s.held()).To(BeFalse())
			g.Expect(s.retries()).To(BeFalse(), "no failure of the run is from before it")
			g.Expect(Compute(s).Status.Status.Phase).To(Equal(test.phase))
		})
	}
}

// The entries of a verdict are written before it. A deadline that is raised in between is
// accepted, and the nodes go on.
func TestADeadlineThatIsRaisedBeforeItsVerdict(t *testing.T) {
	g := NewWithT(t)
	atWork, waiting := failedAt("a", now), failedAt("b", now)
	atWork.Reason, waiting.Reason = v1beta1.ReasonDeadlineExceeded, v1beta1.ReasonDeadlineExceeded
	expired := recordedIn(aRun, recordable(once().Deadline(5), pod("a"), pod("b").Gated()), atWork, waiting)
	g.Expect(Compute(expired).Status.Outcome.Result).To(Equal(Fail))
	g.Expect(pageEntries(Compute(expired))).To(BeEmpty(), "they are written once")

	raised := recordedIn(aRun, recordable(once().Deadline(3600), pod("a"), pod("b").Gated()), atWork, waiting)
	p := Compute(raised)
	g.Expect(p.Status.Status).To(And(HaveField("Failed", int32(0)), HaveField("Phase", v1beta1.PhaseRunning)))
	g.Expect(nodesOf(p.Ungate)).To(Equal([]string{"b"}))
	g.Expect(p.DeletePods).To(BeEmpty())
}
