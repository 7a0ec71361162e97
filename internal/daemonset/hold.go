package daemonset

import (
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// Held returns whether the Job holds itself: its status says that it is Suspended
// because too many nodes failed. A Job that an operator before 0.2 held has
// spec.suspend instead, and no status.resume.
func Held(job *v1beta1.Job) bool { return HoldCondition(job) != nil && job.Status.Resume != nil }

// HoldCondition returns the condition Suspended of a Job that holds itself, of whichever version
// of the operator, nil for another one.
func HoldCondition(job *v1beta1.Job) *metav1.Condition {
	suspended := meta.FindStatusCondition(job.Status.Conditions, v1beta1.JobSuspended)
	if suspended == nil || suspended.Status != metav1.ConditionTrue || !IsHold(suspended.Reason) {
		return nil
	}
	return suspended
}

// IsHold returns whether this reason of the condition Suspended is the manager's.
func IsHold(reason string) bool {
	return reason == v1beta1.ReasonMaxFailedNodesExceeded || reason == v1beta1.ReasonDeadlineExceeded
}
