package job

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// decision is what follows from the facts: the status, and what becomes of the Job.
type decision struct {
	status  v1beta1.JobStatus
	Outcome Outcome
}

// decide makes the new status of a Job from the facts. A Job that is finished
// keeps its status: a verdict is never recomputed.
func decide(f *State) decision {
	job := f.job
	if job.Finished() != nil {
		return decision{status: job.Status}
	}
	desired, expired := desiredNodes(f.daemonSet), f.expired()
	t := count(f.nodes, desired, expired)
	Outcome := evaluate(f, &t, expired)

	status := v1beta1.JobStatus{
		Phase:              phase(job, &t, Outcome.Result),
		Completed:          fmt.Sprintf("%d/%d", min(t.succeeded, desired), desired),
		ObservedGeneration: job.Generation,
		TemplateHash:       f.hash,
		Desired:            int32(desired),
		Active:             int32(t.active),
		Succeeded:          int32(t.succeeded),
		Failed:             int32(t.failed()),
		StartTime:          f.startTime(),
		FailedNodes:        t.failedNodes[:min(len(t.failedNodes), maxFailedNodes)],
		Conditions:         slices.Clone(job.Status.Conditions),
	}
	if Outcome.Result == complete {
		status.CompletionTime = new(metav1.NewTime(f.now))
	}
	for _, condition := range conditions(f, &t, Outcome) {
		condition.ObservedGeneration = job.Generation
		condition.LastTransitionTime = metav1.NewTime(f.now)
		meta.SetStatusCondition(&status.Conditions, condition)
	}
	return decision{status: status, Outcome: Outcome}
}

func phase(job *v1beta1.Job, t *tally, Result Result) v1beta1.JobPhase {
	switch {
	case Result == complete:
		return v1beta1.PhaseComplete
	case Result == fail:
		return v1beta1.PhaseFailed
	case job.Suspended():
		return v1beta1.PhaseSuspended
	case t.active+t.succeeded+t.failed() > 0:
		return v1beta1.PhaseRunning
	}
	return v1beta1.PhasePending
}

// conditions are those that the facts say something about.
func conditions(f *State, t *tally, v Outcome) []metav1.Condition {
	all := []metav1.Condition{blockedCondition(f, t, v)}
	if suspended := suspendedCondition(f, t); suspended != nil {
		all = append(all, *suspended)
	}
	switch v.Result {
	case complete:
		all = append(all, metav1.Condition{Type: v1beta1.JobComplete, Status: metav1.ConditionTrue, Reason: v.reason, Message: v.message})
	case fail:
		all = append(all, metav1.Condition{Type: v1beta1.JobFailed, Status: metav1.ConditionTrue, Reason: v.reason, Message: v.message})
	}
	return all
}

// suspendedCondition is nil for a Job that never was suspended.
func suspendedCondition(f *State, t *tally) *metav1.Condition {
	job := f.job
	last := meta.FindStatusCondition(job.Status.Conditions, v1beta1.JobSuspended)
	if !job.Suspended() {
		if last == nil {
			return nil
		}
		return &metav1.Condition{Type: v1beta1.JobSuspended, Status: metav1.ConditionFalse, Reason: v1beta1.ReasonResumed,
			Message: "spec.suspend is not set"}
	}
	condition := &metav1.Condition{Type: v1beta1.JobSuspended, Status: metav1.ConditionTrue, Reason: v1beta1.ReasonSuspendedByUser,
		Message: "spec.suspend is true: no further node starts until it is set to false"}
	desired := desiredNodes(f.daemonSet)
	tolerated := toleratedFailures(&job.Spec, desired)
	switch {
	case last != nil && last.Status == metav1.ConditionTrue && last.Reason == v1beta1.ReasonMaxFailedNodesExceeded:
		// Who suspended it is remembered: resuming it must try the failed nodes again.
		condition.Reason, condition.Message = last.Reason, last.Message
	case job.Spec.OnFailure == v1beta1.FailureActionSuspend && t.failed() > tolerated && !neverEnds(&job.Spec):
		condition.Reason = v1beta1.ReasonMaxFailedNodesExceeded
		condition.Message = failures(t, desired, tolerated, false) + "; set spec.suspend to false to try them again"
	}
	return condition
}

// blockedCondition says why nothing is moving, if something that a person can
// mend stands in the way. The order of evaluation is that of the way of a Job:
// its DaemonSet, its nodes, its pods, what happens on the nodes.
func blockedCondition(f *State, t *tally, v Outcome) metav1.Condition {
	blocked := func(reason, message string) metav1.Condition {
		return metav1.Condition{Type: v1beta1.JobBlocked, Status: metav1.ConditionTrue, Reason: reason, Message: message}
	}
	if v.Result != complete && v.Result != fail {
		switch waiting := blockers(f.nodes); {
		case f.blocker.reason != "" && (f.blocker.reason != v1beta1.ReasonPodsRefused || t.missing > 0):
			return blocked(f.blocker.reason, f.blocker.message)
		case isObserved(f.daemonSet) && desiredNodes(f.daemonSet) == 0:
			return blocked(v1beta1.ReasonNoMatchingNode, "no node matches: the Job waits for one; "+
				"see the node selector, affinity and tolerations of its template, and the nodes' taints")
		case waiting != "":
			return blocked(v1beta1.ReasonPodsWaiting, waiting)
		}
	}
	return metav1.Condition{Type: v1beta1.JobBlocked, Status: metav1.ConditionFalse, Reason: v1beta1.ReasonNotBlocked,
		Message: "nothing stands in the way"}
}
