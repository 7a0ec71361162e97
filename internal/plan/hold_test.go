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

// held is a Job that holds itself, with the annotation that it had then.
func held(reason, annotation string) *wrappers.JobWrapper {
	status := suspendedBy(reason)
	status.Resume = &annotation
	j := job().OnFailure(v1beta1.FailureActionSuspend).Status(status)
	j.Annotations = map[string]string{v1beta1.AnnotationResume: annotation}
	return j
}

func annotated(j *wrappers.JobWrapper, value string) *wrappers.JobWrapper {
	j.Annotations = map[string]string{v1beta1.AnnotationResume: value}
	return j
}

func TestAHoldIsLatchedInTheStatus(t *testing.T) {
	legacy := func(suspend bool) *wrappers.JobWrapper {
		return job().OnFailure(v1beta1.FailureActionSuspend).Suspend(suspend).Status(suspendedBy(v1beta1.ReasonMaxFailedNodesExceeded))
	}
	tests := map[string]struct {
		job       *wrappers.JobWrapper
		suspended bool
		retries   bool
	}{
		"too many nodes failed":                 {held(v1beta1.ReasonMaxFailedNodesExceeded, ""), true, false},
		"the deadline passed":                   {held(v1beta1.ReasonDeadlineExceeded, ""), true, false},
		"a raised limit ends no hold":           {held(v1beta1.ReasonMaxFailedNodesExceeded, "").MaxFailedNodes("100%"), true, false},
		"the annotation is as it was":           {held(v1beta1.ReasonMaxFailedNodesExceeded, "1"), true, false},
		"the annotation was removed":            {annotated(held(v1beta1.ReasonMaxFailedNodesExceeded, "1"), ""), true, false},
		"the annotation is new":                 {annotated(held(v1beta1.ReasonMaxFailedNodesExceeded, ""), "1"), false, true},
		"the annotation has another value":      {annotated(held(v1beta1.ReasonMaxFailedNodesExceeded, "1"), "2"), false, true},
		"resumed, and suspended by the user":    {annotated(held(v1beta1.ReasonMaxFailedNodesExceeded, ""), "1").Suspend(true), true, false},
		"suspended by the user":                 {job().Suspend(true), true, false},
		"an annotation resumes no user's word":  {annotated(job().Suspend(true), "1"), true, false},
		"held by an earlier operator":           {legacy(true), true, false},
		"held by an earlier operator, resumed":  {legacy(false), false, true},
		"suspended by the user before, resumed": {job().Suspend(false).Status(suspendedBy(v1beta1.ReasonSuspendedByUser)), false, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := stateWith(test.job, daemonSet(1, 1), pod("a"))
			g.Expect(s.suspended()).To(Equal(test.suspended))
			g.Expect(s.retries()).To(Equal(test.retries))
		})
	}
	s := stateWith(held(v1beta1.ReasonMaxFailedNodesExceeded, ""), daemonSet(1, 1), pod("a"))
	s.TemplateHash = "h2"
	NewWithT(t).Expect(s.suspended()).To(BeFalse(), "a changed template resumes the Job")
	s.Job.Status.RetryTime = new(metav1.NewTime(now))
	NewWithT(t).Expect(s.retryTime()).To(BeNil(), "no pod of it is an earlier try")
}

// A hold is written to the status before the gate closes, and nothing of the spec is
// ever written. What was resumed is written before a pod is deleted.
func TestAHoldAndItsEnd(t *testing.T) {
	g := NewWithT(t)
	j := annotated(job().OnFailure(v1beta1.FailureActionSuspend), "old")
	state := stateWith(j, daemonSet(2, 2), crashing("a"), pod("b"))
	hold := Compute(state)
	g.Expect(stepsOf(hold)).To(Equal(steps{status: true, daemonSet: GateTemplate}))
	status := hold.Status.Status
	g.Expect(status.Phase).To(Equal(v1beta1.PhaseSuspended))
	g.Expect(*status.Resume).To(Equal("old"))
	condition := meta.FindStatusCondition(status.Conditions, v1beta1.JobSuspended)
	g.Expect(condition.Message).To(ContainSubstring(v1beta1.AnnotationResume), "it says how to go on")

	state.Job.Status = status
	g.Expect(stepsOf(Compute(state))).To(Equal(steps{}), "it stays")

	state.Job.Annotations[v1beta1.AnnotationResume] = "new"
	state.Now = now.Add(time.Minute)
	resumed := Compute(state)
	g.Expect(stepsOf(resumed)).To(Equal(steps{status: true, again: immediately}))
	g.Expect(*resumed.Status.Status.Resume).To(Equal("new"))
	g.Expect(resumed.Status.Status.StartTime.Time).To(Equal(state.Now))
	g.Expect(resumed.Status.Status.Failed).To(BeZero(), "the earlier try no longer counts")

	state.Job.Status = resumed.Status.Status
	g.Expect(stepsOf(Compute(state))).To(Equal(steps{}), "the pod would be made again without the gate")
	state.DaemonSet = gatedDaemonSet(2, 2)
	state.DaemonSet.UID = aDaemonSet
	g.Expect(stepsOf(Compute(state))).To(Equal(steps{deleted: []string{"a"}}))
	state.Pods[0].Created = state.Now.Add(2 * time.Second)
	g.Expect(stepsOf(Compute(state))).To(Equal(steps{status: true}), "it failed again, and holds again")
}

func TestTheRetryTimeIsNotCutToBeforeTheFailure(t *testing.T) {
	g := NewWithT(t)
	j := annotated(held(v1beta1.ReasonMaxFailedNodesExceeded, ""), "1")
	state := stateWith(j, daemonSet(1, 1), crashing("a"))
	state.Now = now.Add(300 * time.Millisecond)
	state.Pods[0].Created = now // In the same second as the resume.
	status := Compute(state).Status.Status
	g.Expect(status.RetryTime.Rfc3339Copy()).To(Equal(metav1.NewTime(now.Add(time.Second)).Rfc3339Copy()))
	g.Expect(status.Failed).To(BeZero())
}

// A Job that holds itself keeps the pod of the node that failed: a person inspects it.
func TestAHoldKeepsTheFailedPod(t *testing.T) {
	g := NewWithT(t)
	j := once().Parallelism("1").BackoffLimit(0).OnFailure(v1beta1.FailureActionSuspend)
	pods := []*wrappers.PodWrapper{crashing("a"), pod("b").Gated()}
	s := recordable(j, pods...)
	s.Live = true
	p := Compute(s)
	g.Expect(p.Status.Outcome.Result).To(Equal(Hold))
	s = afterwards(s, p, pods...)
	s.Live = true
	p = Compute(s)
	g.Expect(p.DeletePods).To(BeEmpty())
}
