package plan

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// newStatus returns the status of a Job without a verdict, and its outcome.
func newStatus(s *State) (v1beta1.JobStatus, Outcome) {
	t := s.tally()
	outcome := evaluate(s, &t)
	status := v1beta1.JobStatus{
		Phase:              phase(s.Job, &t, outcome.Result),
		Completed:          fmt.Sprintf("%d/%d", min(t.succeeded, t.desired), t.desired),
		ObservedGeneration: s.Job.Generation,
		TemplateHash:       s.TemplateHash,
		Desired:            int32(t.desired),
		Active:             int32(t.active),
		Succeeded:          int32(t.succeeded),
		Failed:             int32(t.failed()),
		StartTime:          s.startTime(),
		FailedNodes:        t.failedNodes[:min(len(t.failedNodes), maxFailedNodes)],
		Conditions:         slices.Clone(s.Job.Status.Conditions),
	}
	if outcome.Result == Complete {
		status.CompletionTime = new(metav1.NewTime(s.Now))
	}
	for _, condition := range conditions(s, &t, outcome) {
		condition.ObservedGeneration = s.Job.Generation
		condition.LastTransitionTime = metav1.NewTime(s.Now)
		meta.SetStatusCondition(&status.Conditions, condition)
	}
	return status, outcome
}

func phase(job *v1beta1.Job, t *tally, result Result) v1beta1.JobPhase {
	switch {
	case result == Complete:
		return v1beta1.PhaseComplete
	case result == Fail:
		return v1beta1.PhaseFailed
	case job.Suspended():
		return v1beta1.PhaseSuspended
	case t.active+t.succeeded+t.failed() > 0:
		return v1beta1.PhaseRunning
	}
	return v1beta1.PhasePending
}
