package plan

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
)

// setKstatus sets Ready and Stalled, which sum up the other conditions for tools that
// wait for any kind of object. Stalled is there only while it is true.
func setKstatus(s *State, t *tally, outcome Outcome, status *v1beta1.JobStatus) {
	ready := s.readyCondition(t, outcome, status.Conditions)
	setCondition(s, status, ready)
	if isStalled(outcome, status.Conditions) {
		setCondition(s, status, isTrue(v1beta1.JobStalled, ready.Reason, ready.Message))
	} else {
		meta.RemoveStatusCondition(&status.Conditions, v1beta1.JobStalled)
	}
}

func setCondition(s *State, status *v1beta1.JobStatus, condition metav1.Condition) {
	putCondition(status, condition, s.Job.Generation, s.Now)
}

// isStalled returns whether only a user can make the Job go on.
func isStalled(outcome Outcome, conditions []metav1.Condition) bool {
	switch outcome.Result {
	case Complete:
		return false
	case Fail:
		return true
	}
	suspended := trueCondition(conditions, v1beta1.JobSuspended)
	return stallingBlocker(conditions) != nil || (suspended != nil && daemonset.IsHold(suspended.Reason))
}

// stallingBlocker returns the condition Blocked if waiting alone does not end it.
func stallingBlocker(conditions []metav1.Condition) *metav1.Condition {
	blocked := trueCondition(conditions, v1beta1.JobBlocked)
	if blocked == nil {
		return nil
	}
	switch blocked.Reason {
	case v1beta1.ReasonDaemonSetNameTaken, v1beta1.ReasonDaemonSetRefused, v1beta1.ReasonNotVouchedFor:
		return blocked
	}
	return nil
}

func trueCondition(conditions []metav1.Condition, conditionType string) *metav1.Condition {
	if c := meta.FindStatusCondition(conditions, conditionType); c != nil && c.Status == metav1.ConditionTrue {
		return c
	}
	return nil
}

// readyCondition returns the condition Ready, given the conditions that explain it. The
// order of evaluation: the verdict, what a user must end, what ends by itself.
func (s *State) readyCondition(t *tally, outcome Outcome, conditions []metav1.Condition) metav1.Condition {
	switch outcome.Result {
	case Complete:
		return isTrue(v1beta1.JobReady, outcome.Reason, outcome.Message)
	case Fail:
		return notReady(outcome.Reason, outcome.Message)
	}
	for _, why := range []*metav1.Condition{stallingBlocker(conditions), trueCondition(conditions, v1beta1.JobSuspended)} {
		if why != nil {
			return notReady(why.Reason, why.Message)
		}
	}
	if s.allPresentDone(t) {
		return isTrue(v1beta1.JobReady, v1beta1.ReasonAllNodesDone, t.progress())
	}
	if blocked := trueCondition(conditions, v1beta1.JobBlocked); blocked != nil {
		return notReady(blocked.Reason, blocked.Message)
	}
	return notReady(v1beta1.ReasonProgressing, t.progress())
}

func notReady(reason, message string) metav1.Condition {
	return metav1.Condition{Type: v1beta1.JobReady, Status: metav1.ConditionFalse, Reason: reason, Message: message}
}

// allPresentDone returns whether each node is done. Without a verdict that is a Job with
// completionPolicy Never, which has nothing more to do until a node joins.
func (s *State) allPresentDone(t *tally) bool {
	return t.desired() > 0 && t.succeeded+t.skipped == t.desired() &&
		daemonset.UpToDate(s.DaemonSet, s.TemplateHash) && int(s.DaemonSet.Status.DesiredNumberScheduled) == t.placed
}

// progress says how far the Job is.
func (t *tally) progress() string {
	text := fmt.Sprintf("%d of %s done%s", t.succeeded, nodeCount(t.desired()), t.skips())
	if t.failed() > 0 {
		text += fmt.Sprintf(", %d failed", t.failed())
	}
	if t.triedAgain > 0 {
		text += fmt.Sprintf(", %d to be tried again", t.triedAgain)
	}
	return text + t.others()
}
