package plan

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
)

// held returns whether the Job holds itself after too many failed nodes. The hold
// is latched in the status: a raised limit does not end it, the user's annotation
// or a changed template does.
func (s *State) held() bool {
	return daemonset.Held(s.Job) && !s.templateChanged() && !s.resumedByAnnotation()
}

// suspended returns whether no further node starts, by the user's word or by a hold.
func (s *State) suspended() bool { return s.Job.Suspended() || s.held() }

// resumedByAnnotation returns whether the user has set the annotation since the
// Job held itself.
func (s *State) resumedByAnnotation() bool {
	value, last := s.Job.Annotations[v1beta1.AnnotationResume], s.Job.Status.Resume
	return value != "" && last != nil && value != *last
}

// resumed returns whether the status says that the Job is suspended, and it no
// longer is.
func (s *State) resumed() bool {
	return !s.suspended() && meta.IsStatusConditionTrue(s.Job.Status.Conditions, v1beta1.JobSuspended)
}

// retries returns whether the Job is resumed from a hold, so that its failed nodes
// are tried again. A Job that an operator before 0.2 held has spec.suspend, and is
// resumed by it.
func (s *State) retries() bool { return !s.suspended() && daemonset.HoldCondition(s.Job) != nil }

// retryTime returns when the Job was last resumed, nil if never.
func (s *State) retryTime() *metav1.Time {
	switch {
	case s.templateChanged():
		return nil
	case s.retries():
		return s.retriedNow()
	}
	return s.Job.Status.RetryTime
}

// retriedNow returns the time of a retry. It is rounded up, because times of the API have no
// fractions: a pod that failed before must be older.
func (s *State) retriedNow() *metav1.Time {
	return new(metav1.NewTime(s.Now.Truncate(time.Second).Add(time.Second)))
}

// resumeValue returns the value of the annotation that the status remembers: the
// present one when the Job holds itself, fails or is resumed, else the last one.
func (s *State) resumeValue(outcome Outcome) *string {
	if outcome.Result == Hold || outcome.Result == Fail || s.retries() {
		return new(s.Job.Annotations[v1beta1.AnnotationResume])
	}
	return s.Job.Status.Resume
}
