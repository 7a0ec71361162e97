package plan

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// State is all that a Plan rests on. Compute reads it and changes nothing in it.
type State struct {
	// Job as it was last read or written.
	Job *v1beta1.Job
	// Now is the time at which the State was observed.
	Now time.Time
	// TemplateHash is the hash of what the Job runs now.
	TemplateHash string
	// DaemonSet is the one that the Job controls, nil if there is none.
	DaemonSet *appsv1.DaemonSet
	// Pods of the DaemonSet, of every template, in no order.
	Pods []Pod
	// Blocker is what blocks the Job apart from what its pods say.
	Blocker Blocker
	// LastStatusWrite is when this process last wrote the status, zero if never.
	LastStatusWrite time.Time
	// ExpectationsMet says that Pods show every gate that the manager removed.
	// No further pod is ungated without it: its slot may be in use already.
	ExpectationsMet bool
	// Live says that Job, DaemonSet and Pods were read from the API server.
	Live bool
}

// upToDate returns whether the pod is made from the present template.
func (s *State) upToDate(pod *Pod) bool { return pod.TemplateHash == s.TemplateHash }

// stateOf returns the state of the pod's work under the Job's backoffLimit.
func (s *State) stateOf(pod *Pod) PodState {
	if pod.State == Active && pod.Restarts > backoffLimit(&s.Job.Spec) {
		return Failed
	}
	return pod.State
}

// templateChanged returns whether the status belongs to an earlier template.
func (s *State) templateChanged() bool {
	last := s.Job.Status.TemplateHash
	return last != "" && last != s.TemplateHash
}

// resumed returns whether the Job was suspended in its status, and is no longer.
func (s *State) resumed() bool {
	return !s.Job.Suspended() && meta.IsStatusConditionTrue(s.Job.Status.Conditions, v1beta1.JobSuspended)
}

// retries returns whether the user resumed a Job that the manager had suspended
// for its failed nodes. The condition is the record of the retry: it is written
// only after the pods of these nodes are deleted.
func (s *State) retries() bool {
	if !s.resumed() {
		return false
	}
	suspended := meta.FindStatusCondition(s.Job.Status.Conditions, v1beta1.JobSuspended)
	return suspended.Reason == v1beta1.ReasonMaxFailedNodesExceeded
}

// startTime returns when the present template started, or was last resumed.
func (s *State) startTime() *metav1.Time {
	last := s.Job.Status.StartTime
	switch {
	case s.Job.Suspended():
		return last
	case last == nil, s.templateChanged(), s.resumed():
		return new(metav1.NewTime(s.Now))
	}
	return last
}

// deadline returns when the nodes that are not done count as failed, if ever.
func (s *State) deadline() (time.Time, bool) {
	start := s.startTime()
	if start == nil {
		return time.Time{}, false
	}
	return deadline(&s.Job.Spec, &start.Time)
}

// expired returns whether the deadline has passed.
func (s *State) expired() bool {
	at, ok := s.deadline()
	return ok && !s.Now.Before(at)
}

// untilDeadline returns the time to the deadline, 0 without one.
func (s *State) untilDeadline() time.Duration {
	at, ok := s.deadline()
	if !ok {
		return 0
	}
	return max(time.Millisecond, at.Sub(s.Now))
}

// desiredNodes returns how many nodes match, as the DaemonSet controller last
// observed it.
func (s *State) desiredNodes() int {
	if s.DaemonSet == nil {
		return 0
	}
	return int(s.DaemonSet.Status.DesiredNumberScheduled)
}

// finishedCondition returns the condition that ended the Job of this status, or nil.
func finishedCondition(status *v1beta1.JobStatus) *metav1.Condition {
	job := v1beta1.Job{Status: *status}
	return job.Finished()
}
