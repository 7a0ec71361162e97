package plan

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// retriesFailed returns whether the user has set the annotation since the Job failed.
func (s *State) retriesFailed() bool {
	return meta.IsStatusConditionTrue(s.Job.Status.Conditions, v1beta1.JobFailed) && s.Job.Status.TemplateHash == s.TemplateHash &&
		s.resumedByAnnotation()
}

// retryFailed returns the Plan for a Failed Job that the user resumes. Its DaemonSet and pods
// are gone, and its records say which nodes are done: the others do the work of the same run.
// One that an operator without records failed has none, and would run on every node.
func retryFailed(s *State) Plan {
	p := Plan{Unwritten: s.Records.Unwritten, RequeueAfter: immediately}
	if s.Job.Status.RunGeneration == 0 {
		status := s.Job.Status.DeepCopy()
		status.Resume = new(s.Job.Annotations[v1beta1.AnnotationResume])
		p.Status = &StatusUpdate{Status: *status, Events: []Event{retryNotPossibleEvent}}
		return p
	}
	status := restart(s)
	status.Gated, status.Resume = true, new(s.Job.Annotations[v1beta1.AnnotationResume])
	status.StartTime, status.RetryTime = new(metav1.NewTime(s.Now)), s.retriedNow()
	setCondition(s, &status, notReady(v1beta1.ReasonResumed, "the Job was resumed, and the nodes that are not done are tried again"))
	p.IncludeInBackup = s.Job.Labels[v1beta1.LabelExcludeFromBackup] == "true"
	p.Status = &StatusUpdate{Status: status, Events: []Event{retriedEvent}}
	return p
}

var (
	retriedEvent = Event{Type: corev1.EventTypeNormal, Reason: v1beta1.ReasonResumed, Action: "Retry",
		Message: "the Job was resumed after it failed: the nodes that are not done are tried again"}
	retryNotPossibleEvent = Event{Type: corev1.EventTypeWarning, Reason: v1beta1.ReasonRetryNotPossible, Action: "Retry",
		Message: "an earlier version of the operator failed the Job and recorded no node: to run it on every node, create it again"}
)
