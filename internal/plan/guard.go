package plan

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// Guard is what was last observed of the admission policy that limits who may write what
// a Job runs. The zero value asks for no policy.
type Guard struct {
	// Missing says what is wrong with the policy and what to apply, empty if it is enforced.
	Missing string
	// Since is when the API server enforced the policy on every request.
	Since time.Time
}

const notVouchedFor = "the Job is older than the admission policy that checks who may create it: " +
	"an administrator, or who may create daemonsets.apps here, can create it again with kubectl replace --force"

// Blocker returns why nothing of the Job may start, if that is so. A Job that has begun was
// checked when it was written, or began before there was a policy.
func (g *Guard) Blocker(job *v1beta1.Job) Blocker {
	switch {
	case g.Missing != "":
		return Blocker{v1beta1.ReasonGuardMissing, g.Missing}
	case job.Status.TemplateHash == "" && job.CreationTimestamp.Time.Before(g.Since):
		return Blocker{v1beta1.ReasonNotVouchedFor, notVouchedFor}
	}
	return Blocker{}
}

// guarded returns whether the policy keeps the manager from starting anything.
func (s *State) guarded() bool { return s.Guard.Blocker(s.Job).Reason != "" }

// waitForGuard returns the Plan for a Job whose present template may not start. The status
// stays that of the earlier template, if any: a hash in it says that the Job has begun.
func waitForGuard(s *State) Plan {
	p := Plan{Unwritten: s.Records.Unwritten}
	blocker := s.Guard.Blocker(s.Job)
	status := WithBlocker(s.Job, blocker, s.Now)
	if s.Job.Status.TemplateHash == "" {
		status.ObservedGeneration = s.Job.Generation
		setKstatus(s, &tally{}, Outcome{}, &status)
	}
	wait := writeAfter(&s.Job.Status, &status, s.LastStatusWrite, s.Now)
	if p.RequeueAfter = soonest(wait); wait == 0 {
		p.Status = &StatusUpdate{Status: status, Events: blockedEvent(&s.Job.Status, &status)}
	}
	return p
}

// blockedEvent returns the event that a Job is blocked. A missing policy blocks every Job,
// and has one event for all of them, on the operator's Deployment.
func blockedEvent(before, after *v1beta1.JobStatus) []Event {
	if after.Blocked == v1beta1.ReasonGuardMissing {
		return nil
	}
	return conditionEvent(before, after, v1beta1.JobBlocked, metav1.ConditionTrue, corev1.EventTypeWarning, "Wait")
}
