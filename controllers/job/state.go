package job

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// facts are all that a decision about a Job rests on.
type State struct {
	job *v1beta1.Job
	now time.Time
	// hash of what the Job runs now.
	hash string
	// daemonSet is the Job's own, nil if there is none.
	daemonSet *appsv1.DaemonSet
	// nodes, one for each pod of the DaemonSet, whichever template it belongs to.
	nodes []observedPod
	// obstacle is what stands in the way beside what the pods say.
	blocker Blocker
}

// templateChanged says whether the Job runs something else than its status is about.
func (f *State) templateChanged() bool {
	last := f.job.Status.TemplateHash
	return last != "" && last != f.hash
}

// resumed says whether the Job was suspended when its status was written, and is no longer.
func (f *State) resumed() bool {
	return !f.job.Suspended() && meta.IsStatusConditionTrue(f.job.Status.Conditions, v1beta1.JobSuspended)
}

// retries says whether a person resumed the Job after the manager had suspended
// it for its failed nodes, which are then tried again. The status is the record
// of it until they have been: it is written after their pods are deleted.
func (f *State) retries() bool {
	if !f.resumed() {
		return false
	}
	suspended := meta.FindStatusCondition(f.job.Status.Conditions, v1beta1.JobSuspended)
	return suspended.Reason == v1beta1.ReasonMaxFailedNodesExceeded
}

// startTime is when the Job started: its current template, since it was resumed last.
func (f *State) startTime() *metav1.Time {
	last := f.job.Status.StartTime
	switch {
	case f.job.Suspended():
		return last
	case last == nil, f.templateChanged(), f.resumed():
		return new(metav1.NewTime(f.now))
	}
	return last
}

// deadline is when the nodes that are not done count as failed, if ever.
func (f *State) deadline() (time.Time, bool) {
	start := f.startTime()
	if start == nil {
		return time.Time{}, false
	}
	return deadline(&f.job.Spec, &start.Time)
}

// expired says whether the deadline has passed.
func (f *State) expired() bool {
	at, ok := f.deadline()
	return ok && !f.now.Before(at)
}
