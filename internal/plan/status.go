package plan

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// newStatus returns the status of a Job without a verdict, and its outcome. removal is
// which pods are to be deleted.
func newStatus(s *State, t *tally, removal removal) (v1beta1.JobStatus, Outcome) {
	outcome := s.withhold(evaluate(s, t), t, removal)
	if outcome.Result == Complete {
		outcome.Message += s.whyKept()
	}
	status := v1beta1.JobStatus{
		Phase:              s.phase(t, outcome.Result),
		Completed:          fmt.Sprintf("%d/%d", t.succeeded+t.skipped, t.desired()),
		ObservedGeneration: s.Job.Generation,
		TemplateHash:       s.TemplateHash,
		Desired:            int32(t.desired()),
		Active:             int32(t.active),
		Succeeded:          int32(t.succeeded),
		Failed:             int32(t.failed()),
		Skipped:            int32(t.skipped),
		StartTime:          s.startTime(),
		FailedNodes:        t.failedNodes(),
		FailureGroups:      s.failureGroups(t),
		Resume:             s.resumeValue(outcome),
		RetryTime:          s.retryTime(),
		RunGeneration:      s.run().Generation,
		Gated:              s.latchesGate(t, outcome, removal),
		Conditions:         slices.Clone(s.Job.Status.Conditions),
	}
	for _, node := range t.leftOut[:min(len(t.leftOut), maxNamedNodes)] {
		status.LeftOutNodes = append(status.LeftOutNodes, node.Name)
	}
	slices.Sort(status.LeftOutNodes)
	switch outcome.Result {
	case Complete:
		status.CompletionTime = new(metav1.NewTime(s.Now))
	case Fail:
		// Its DaemonSet goes with this verdict.
		status.Active = 0
	}
	for _, condition := range conditions(s, t, outcome) {
		if condition.Type == v1beta1.JobBlocked && condition.Status == metav1.ConditionTrue {
			status.Blocked = Reason(condition.Reason)
		}
		setCondition(s, &status, condition)
	}
	setKstatus(s, t, outcome, &status)
	return status, outcome
}

// phase returns how far the Job is, in a word. A Job that has started stays Running:
// between two waves no node may be active.
func (s *State) phase(t *tally, result Result) v1beta1.JobPhase {
	switch {
	case result == Complete:
		return v1beta1.PhaseComplete
	case result == Fail:
		return v1beta1.PhaseFailed
	case s.suspended(), result == Hold:
		return v1beta1.PhaseSuspended
	case t.active+t.succeeded+t.skipped+t.failed() > 0, s.Job.Status.Phase == v1beta1.PhaseRunning && !s.templateChanged():
		return v1beta1.PhaseRunning
	}
	return v1beta1.PhasePending
}

// restart returns the status of a finished Job that starts over: its template has changed,
// and the verdict was for the earlier one, or the user resumes it.
func restart(s *State) v1beta1.JobStatus {
	status := v1beta1.JobStatus{
		Phase: v1beta1.PhasePending, Completed: "0/0", ObservedGeneration: s.Job.Generation, TemplateHash: s.TemplateHash,
		RunGeneration: s.run().Generation, Records: s.Job.Status.Records, Conditions: slices.Clone(s.Job.Status.Conditions),
	}
	meta.RemoveStatusCondition(&status.Conditions, v1beta1.JobComplete)
	meta.RemoveStatusCondition(&status.Conditions, v1beta1.JobFailed)
	meta.RemoveStatusCondition(&status.Conditions, v1beta1.JobStalled)
	if ended := s.endedHold(); ended != nil {
		setCondition(s, &status, *ended)
	}
	// Without the condition, tools take the Job for ready.
	setCondition(s, &status, notReady(v1beta1.ReasonProgressing, "what runs has changed: the Job starts over"))
	return status
}
