package plan

import (
	"time"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// Plan is all that one reconcile does for a Job, in the order in which it is done.
// A step that fails ends the reconcile. A step that needs the effect of an earlier
// one to be observed is not in this Plan: a later reconcile computes it.
type Plan struct {
	// Unwritten are the entries of nodes that are done or stopped, to remember until a page has
	// them. They are remembered first, whatever becomes of the rest of the Plan.
	Unwritten Entries
	// ReadLive asks for a Plan from a live State first, because this one would
	// take a step that cannot be undone. Nothing else is set with it but Unwritten.
	ReadLive bool
	// Pages are the JobRecords to write, in this order, before anything else. If there are any,
	// they have all of Unwritten but Later.
	Pages []*v1beta1.JobRecord
	// Later are the entries that stay unwritten until they fill a page, or are due.
	Later Entries
	// IncludeInBackup removes the label that keeps a finished Job out of backups.
	IncludeInBackup bool
	// Status is the status to write with its events; nil when no write is due.
	Status *StatusUpdate
	// DaemonSet is what becomes of the Job's DaemonSet.
	DaemonSet DaemonSetAction
	// DeletePods are pods to delete, for the reason DeleteReason. Unchanged ones are
	// deleted only in this resourceVersion: work that was done in the meantime wins.
	DeletePods      []Pod
	DeleteReason    string
	DeleteUnchanged bool
	// Reclaim are ungated pods that cannot be scheduled, to be deleted if they are
	// still in this resourceVersion: a binding in the meantime wins.
	Reclaim []Pod
	// Ungate are the pods whose scheduling gate is to be removed, in this order.
	Ungate []Pod
	// ExcludeFromBackup adds the label that keeps a finished Job out of backups. It comes
	// last: whatever refuses it must not keep the work from being stopped.
	ExcludeFromBackup bool
	// RequeueAfter is when time alone changes the Plan; 0 if it does not.
	RequeueAfter time.Duration
	// Awaits is which end of work the next Plan waits for.
	Awaits Awaits
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
// verdict, the admission policy, the outcome, the status, the pods.
func Compute(s State) Plan {
	s.index()
	switch {
	case !s.Job.DeletionTimestamp.IsZero():
		return gateOnly(&s)
	case s.Job.Finished() != nil:
		return finished(&s)
	case s.guarded() && s.Job.Status.TemplateHash != s.TemplateHash:
		s.recordDone() // The user may take the change back.
		return waitForGuard(&s)
	}
	var p Plan
	needsLive := s.recordDone()
	switch {
	case s.recordsEarlierRun():
		return recordEarlierRun(&s)
	case needsLive:
		return Plan{ReadLive: true, Unwritten: s.Records.Unwritten}
	}
	t := s.tally()
	removal := s.removal(&t)
	status, outcome := newStatus(&s, &t, removal)
	p.record(&s, &t, outcome, removal)
	status.Records = s.countPages(p.Pages)
	wait := writeAfter(&s.Job.Status, &status, s.LastStatusWrite, s.Now)
	if wait == 0 {
		p.Status = &StatusUpdate{Status: status, Outcome: outcome, Events: eventsFor(&s, &status, outcome)}
	}
	flushAfter := p.RequeueAfter
	switch {
	case outcome.Result == Hold:
		p.gateTemplate(&s)
		if stopsNodes(&s.Job.Spec) {
			// No event reports the status: the next Plan stops the work of nodes while the Job holds itself.
			p.RequeueAfter = immediately
		}
	case outcome.Result != Undecided:
		p.stop(&s, &status)
		// No event reports the status: the next Plan labels the finished Job.
		p.RequeueAfter = soonest(p.RequeueAfter, s.untilLabelled(&status))
	case s.retries():
		// The status is the record of the retry. The next reconcile acts on it.
		p.RequeueAfter = immediately
	case outcome.Withheld:
		p.RequeueAfter = soonest(wait)
	default:
		p.movePods(&s, &t, removal)
		p.Awaits = s.awaits(&t, p.Ungate)
		p.RequeueAfter = soonest(p.RequeueAfter, wait, s.untilDeadline(), s.untilNodeDeadline(), s.untilGated(&status, removal), s.untilSlow(), retryBlocked(s.Blocker))
	}
	p.RequeueAfter = soonest(p.RequeueAfter, flushAfter)
	// A stale State would end a Job that goes on, or run work again that is done. Pages
	// continue those that the API server has.
	if !s.Live && (outcome.Result != Undecided || s.retries() || len(p.DeletePods) > 0 || len(p.Pages) > 0 && !s.Records.Known) {
		return Plan{ReadLive: true, Unwritten: p.Unwritten}
	}
	return p
}

// immediately is the RequeueAfter of a Plan that only prepares the next one.
const immediately = time.Millisecond

// gateOnly returns the Plan for a Job that is deleted and kept by a finalizer: it
// starts nothing more. Pages that are retained outlive it.
func gateOnly(s *State) Plan {
	p := Plan{Unwritten: s.Records.Unwritten}
	if p.RequeueAfter = s.untilRecord(); p.RequeueAfter == 0 && len(p.Unwritten.Nodes) > 0 && s.Records.Known && p.Unwritten.retention(s.Records.Pages) != nil {
		p.Pages = appendEntries(s.Job, s.Records.Pages, p.Unwritten)
	}
	p.gateTemplate(s)
	return p
}

// finished returns the Plan for a Job with a verdict. A verdict belongs to a
// template. With another one the Job starts over: the verdict is cleared before the
// DaemonSet is applied. A change of anything else only moves observedGeneration.
func finished(s *State) Plan {
	p := Plan{Unwritten: s.Records.Unwritten}
	switch {
	case s.templateChanged() && s.guarded():
		p = waitForGuard(s)
		p.stop(s, &s.Job.Status)
		return p
	case s.templateChanged():
		if s.Job.Finished().Type == v1beta1.JobComplete {
			p.Unwritten = Entries{} // The verdict came with all pages that it needed.
		}
		p.IncludeInBackup = s.Job.Labels[v1beta1.LabelExcludeFromBackup] == "true"
		p.Status = &StatusUpdate{Status: restart(s), Events: []Event{templateChangedEvent}}
		p.RequeueAfter = immediately
		return p
	case s.retriesFailed():
		s.recordLate()
		return retryFailed(s)
	case s.Job.Status.ObservedGeneration != s.Job.Generation:
		status := s.Job.Status.DeepCopy()
		status.ObservedGeneration = s.Job.Generation
		if status.Blocked != "" {
			// The user took back a change that waited for the admission policy.
			status.Blocked = ""
			setCondition(s, status, notBlocked)
		}
		p.Status = &StatusUpdate{Status: *status}
	}
	p.stop(s, &s.Job.Status)
	p.recordLate(s)
	p.excludeFromBackup(s)
	return p
}

// retryBlocked returns when to retry a blocked Job, 0 for never. The cache holds
// only our own objects, so no event reports that another owner's DaemonSet is
// gone, or that an administrator changed the policy that refused ours.
func retryBlocked(blocker Blocker) time.Duration {
	switch blocker.Reason {
	case v1beta1.ReasonPredecessorStopping:
		return 2 * time.Second
	case v1beta1.ReasonDaemonSetNameTaken:
		return 10 * time.Second
	case v1beta1.ReasonDaemonSetRefused:
		return 30 * time.Second
	case v1beta1.ReasonReconcileFailed:
		// A reconcile that fails is retried anyway. After one that does not, it is over.
		return immediately
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
