package plan

import (
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

const (
	// minStatusInterval is the shortest time between two writes of a Job's progress.
	minStatusInterval = 250 * time.Millisecond
	// maxStatusInterval is the longest time that a change of the progress stays unwritten.
	maxStatusInterval = 5 * time.Second
	// significantPart of the nodes must change for a write after minStatusInterval.
	// The number of writes then does not grow with the number of nodes.
	significantPart = 10
)

// writeAfter returns when the new status is due for a write, given when the last
// one was written: a negative time if nothing changed, 0 if it is due now. A change
// of more than the counts is due at once. Failure groups are written with whatever else
// changes: what failed nodes print changes at each of their restarts.
func writeAfter(last, next *v1beta1.JobStatus, written, now time.Time) time.Duration {
	compared := *next
	compared.FailureGroups = last.FailureGroups
	if equality.Semantic.DeepEqual(last, &compared) {
		return -1
	}
	if isSignificant(last, next) {
		return 0
	}
	interval := maxStatusInterval
	if changedNodes(last, next) >= max(1, int(next.Desired)/significantPart) {
		interval = minStatusInterval
	}
	return max(0, written.Add(interval).Sub(now))
}

// isSignificant returns whether more than the counts changed. Ready and Stalled say what
// the phase and the other conditions say, or, for a Job that never ends, its counts.
func isSignificant(last, next *v1beta1.JobStatus) bool {
	if last.Phase != next.Phase || last.ObservedGeneration != next.ObservedGeneration || last.Gated != next.Gated || !last.StartTime.Equal(next.StartTime) {
		return true
	}
	for i := range next.Conditions {
		condition := &next.Conditions[i]
		if condition.Type == v1beta1.JobReady || condition.Type == v1beta1.JobStalled {
			continue
		}
		before := meta.FindStatusCondition(last.Conditions, condition.Type)
		if before == nil || before.Status != condition.Status || before.Reason != condition.Reason {
			return true
		}
	}
	return false
}

// changedNodes returns how many nodes changed their state between two statuses.
func changedNodes(last, next *v1beta1.JobStatus) int {
	distance := func(a, b int32) int { return int(max(a, b) - min(a, b)) }
	return max(distance(last.Desired, next.Desired), distance(last.Active, next.Active),
		distance(last.Succeeded, next.Succeeded), distance(last.Failed, next.Failed), distance(last.Skipped, next.Skipped))
}
