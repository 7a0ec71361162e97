package plan

import (
	"time"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
)

// Plan is all that one reconcile does for a Job, in the order in which it is done.
// A step that fails ends the reconcile. A step that needs the effect of an earlier
// one to be observed is not in this Plan: a later reconcile computes it.
type Plan struct {
	// ReadLive asks for a Plan from a live State first, because this one would
	// take a step that cannot be undone. Nothing else is set with it.
	ReadLive bool
	// Retry are the pods of failed nodes of a resumed Job, to be deleted before the
	// status is written. The status is the record that they are to be retried.
	Retry []Pod
	// Suspend is why spec.suspend is to be set; nil if it is not.
	Suspend *Outcome
	// Status is the status to write with its events; nil when no write is due.
	Status *StatusUpdate
	// DaemonSet is what becomes of the Job's DaemonSet.
	DaemonSet DaemonSetAction
	// DeletePods are pods to delete, for the reason DeleteReason.
	DeletePods   []Pod
	DeleteReason string
	// Ungate are the pods whose scheduling gate is to be removed, in this order.
	Ungate []Pod
	// RequeueAfter is when time alone changes the Plan; 0 if it does not.
	RequeueAfter time.Duration
}

// StatusUpdate is a status to write, and what is said once it is written.
type StatusUpdate struct {
	Status  v1beta1.JobStatus
	Outcome Outcome
	Events  []Event
}

// DaemonSetAction is what becomes of a Job's DaemonSet.
type DaemonSetAction string

const (
	// KeepDaemonSet leaves the DaemonSet as it is.
	KeepDaemonSet DaemonSetAction = ""
	// GateTemplate adds the scheduling gate to the template: no further node starts.
	GateTemplate DaemonSetAction = "gate"
	// DeleteDaemonSet deletes the DaemonSet, and garbage collection its pods.
	DeleteDaemonSet DaemonSetAction = "delete"
)

// Compute returns the Plan for a Job. The order of evaluation: an existing
// verdict, the retry of a resumed Job, the outcome, the status, the pods.
func Compute(s State) Plan {
	var p Plan
	if s.Job.Finished() != nil {
		p.stop(&s, &s.Job.Status)
		return p
	}
	if s.retries() {
		if !s.Live {
			return Plan{ReadLive: true}
		}
		p.Retry = s.podsToRetry()
		s.Pods = s.withoutFailed()
	}
	status, outcome := newStatus(&s)
	switch {
	case outcome.ends() && !s.Live:
		return Plan{ReadLive: true}
	case outcome.Result == Hold:
		p.Suspend = &outcome
		return p
	}
	wait := writeAfter(&s.Job.Status, &status, s.LastStatusWrite, s.Now)
	if wait == 0 {
		p.Status = &StatusUpdate{Status: status, Outcome: outcome, Events: eventsFor(&s, &status, outcome)}
	}
	if outcome.Result != Undecided {
		p.stop(&s, &status)
		return p
	}
	p.movePods(&s)
	p.RequeueAfter = soonest(wait, s.untilDeadline(), retryBlocked(s.Blocker))
	return p
}

// movePods plans to replace the pods of earlier templates, and to ungate pods.
// A suspended Job replaces none: its nodes finish their work. No pod is deleted
// before new pods are made from the present template, because the DaemonSet
// controller would run the old work once more.
func (p *Plan) movePods(s *State) {
	if s.Job.Suspended() || !daemonset.UpToDate(s.DaemonSet, s.TemplateHash) {
		return
	}
	p.DeletePods, p.DeleteReason = s.podsToReplace(), "the Job's template changed"
	if s.ExpectationsMet {
		p.Ungate = s.podsToUngate()
	}
}

// deletionGrace is how long the terminator may take to delete a complete Job
// without a TTL. The manager then gates the DaemonSet, so that it starts no node.
const deletionGrace = 5 * time.Second

// stop plans that nothing more starts for a Job with this verdict in its status.
// The DaemonSet of a Failed Job goes. A Complete Job keeps its pods, for their
// logs, until the terminator deletes it.
func (p *Plan) stop(s *State, status *v1beta1.JobStatus) {
	if s.DaemonSet == nil || !s.DaemonSet.DeletionTimestamp.IsZero() {
		return
	}
	if status.Phase == v1beta1.PhaseFailed {
		p.DaemonSet = DeleteDaemonSet
		return
	}
	if finished := finishedCondition(status); s.Job.Spec.TTLSecondsAfterFinished == nil && finished != nil {
		if wait := deletionGrace - s.Now.Sub(finished.LastTransitionTime.Time); wait > 0 {
			p.RequeueAfter = wait
			return
		}
	}
	switch {
	case !daemonset.HasGate(&s.DaemonSet.Spec.Template.Spec):
		p.DaemonSet = GateTemplate
	case daemonset.Observed(s.DaemonSet):
		// Before the DaemonSet controller observes the gate, a deleted pod would run again.
		p.DeletePods, p.DeleteReason = s.podsToStop(), "the Job is over"
	}
}

// retryBlocked returns when to retry a blocked Job, 0 for never. The cache holds
// only our own objects, so no event reports that another owner's DaemonSet is
// gone, or that an administrator changed the policy that refused ours.
func retryBlocked(blocker Blocker) time.Duration {
	switch blocker.Reason {
	case v1beta1.ReasonDaemonSetNameTaken:
		return 10 * time.Second
	case v1beta1.ReasonDaemonSetRefused:
		return 30 * time.Second
	}
	return 0
}

// soonest returns the shortest of the durations above 0, or 0.
func soonest(durations ...time.Duration) time.Duration {
	var first time.Duration
	for _, d := range durations {
		if d > 0 && (first == 0 || d < first) {
			first = d
		}
	}
	return first
}
