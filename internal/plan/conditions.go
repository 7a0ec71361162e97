package plan

import (
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
)

// conditions returns the conditions that the State says something about. A
// condition that it leaves out stays as it is.
func conditions(s *State, t *tally, outcome Outcome) []metav1.Condition {
	all := []metav1.Condition{blockedCondition(s, t, outcome)}
	if suspended := suspendedCondition(s, t); suspended != nil {
		all = append(all, *suspended)
	}
	switch outcome.Result {
	case Complete:
		all = append(all, isTrue(v1beta1.JobComplete, outcome.Reason, outcome.Message))
	case Fail:
		all = append(all, isTrue(v1beta1.JobFailed, outcome.Reason, outcome.Message))
	}
	return all
}

func isTrue(conditionType, reason, message string) metav1.Condition {
	return metav1.Condition{Type: conditionType, Status: metav1.ConditionTrue, Reason: reason, Message: message}
}

// suspendedCondition returns nil for a Job that was never suspended.
func suspendedCondition(s *State, t *tally) *metav1.Condition {
	spec, last := &s.Job.Spec, meta.FindStatusCondition(s.Job.Status.Conditions, v1beta1.JobSuspended)
	if !s.Job.Suspended() {
		if last == nil {
			return nil
		}
		return &metav1.Condition{Type: v1beta1.JobSuspended, Status: metav1.ConditionFalse, Reason: v1beta1.ReasonResumed,
			Message: "spec.suspend is not set"}
	}
	condition := isTrue(v1beta1.JobSuspended, v1beta1.ReasonSuspendedByUser,
		"spec.suspend is true: no further node starts until it is set to false")
	tolerated := toleratedFailures(spec, t.desired)
	switch {
	case last != nil && last.Status == metav1.ConditionTrue && last.Reason == v1beta1.ReasonMaxFailedNodesExceeded:
		// The reason says that the manager suspended it, so that resuming it retries the failed nodes.
		condition.Reason, condition.Message = last.Reason, last.Message
	case spec.OnFailure == v1beta1.FailureActionSuspend && t.failed() > tolerated && !neverEnds(spec):
		condition.Reason = v1beta1.ReasonMaxFailedNodesExceeded
		condition.Message = failures(t, tolerated, false) + "; set spec.suspend to false to try them again"
	}
	return &condition
}

// blockedCondition says what keeps the Job from moving that a person can change.
// The order of evaluation is that in which a Job proceeds: its DaemonSet, its
// nodes, its pods, the work on the nodes.
func blockedCondition(s *State, t *tally, outcome Outcome) metav1.Condition {
	if outcome.Result != Complete && outcome.Result != Fail {
		switch waiting := s.podBlockers(); {
		case s.Blocker.Reason != "" && (s.Blocker.Reason != v1beta1.ReasonPodsRefused || t.missing > 0):
			return isTrue(v1beta1.JobBlocked, s.Blocker.Reason, s.Blocker.Message)
		case daemonset.Observed(s.DaemonSet) && t.desired == 0:
			return isTrue(v1beta1.JobBlocked, v1beta1.ReasonNoMatchingNode, "no node matches: the Job waits for one; "+
				"see the node selector, affinity and tolerations of its template, and the nodes' taints")
		case waiting != "":
			return isTrue(v1beta1.JobBlocked, v1beta1.ReasonPodsWaiting, waiting)
		}
	}
	return metav1.Condition{Type: v1beta1.JobBlocked, Status: metav1.ConditionFalse, Reason: v1beta1.ReasonNotBlocked,
		Message: "nothing stands in the way"}
}
