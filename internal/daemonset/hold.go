package daemonset

import (
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// Held returns whether the Job holds itself: its status says that it is Suspended
// because too many nodes failed. A Job that an operator before 0.2 held has
// spec.suspend instead, and no status.resume.
func Held(job *v1beta1.Job) bool {
	suspended := meta.FindStatusCondition(job.Status.Conditions, v1beta1.JobSuspended)
	return suspended != nil && suspended.Status == "True" && IsHold(suspended.Reason) && job.Status.Resume != nil
}

// IsHold returns whether this reason of the condition Suspended is the manager's.
func IsHold(reason string) bool {
	return reason == v1beta1.ReasonMaxFailedNodesExceeded || reason == v1beta1.ReasonDeadlineExceeded
}
