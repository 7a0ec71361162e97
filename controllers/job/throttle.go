package job

import (
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

const (
	// minPace is the shortest time between two writes of a Job's progress.
	minStatusInterval = 250 * time.Millisecond
	// maxPace is the longest time that a change of a Job's progress goes unwritten.
	maxStatusInterval = 5 * time.Second
	// step is the part of the nodes whose change is worth a write at minPace: the
	// number of writes then does not grow with the number of nodes.
	step = 10
)

// writeAfter is how long to wait before the new status is written, given when
// the last one was: negative if nothing changed, 0 if it is due. A change of
// more than the numbers is due at once.
func writeAfter(last, next *v1beta1.JobStatus, written, now time.Time) time.Duration {
	if equality.Semantic.DeepEqual(last, next) {
		return -1
	}
	if isSignificant(last, next) {
		return 0
	}
	pace := maxStatusInterval
	if changedNodes(last, next) >= max(1, int(next.Desired)/step) {
		pace = minStatusInterval
	}
	return max(0, written.Add(pace).Sub(now))
}

// worthTelling says whether more than the numbers changed.
func isSignificant(last, next *v1beta1.JobStatus) bool {
	if last.Phase != next.Phase || last.ObservedGeneration != next.ObservedGeneration ||
		last.TemplateHash != next.TemplateHash || !last.StartTime.Equal(next.StartTime) {
		return true
	}
	for i := range next.Conditions {
		condition := &next.Conditions[i]
		before := meta.FindStatusCondition(last.Conditions, condition.Type)
		if before == nil || before.Status != condition.Status || before.Reason != condition.Reason {
			return true
		}
	}
	return false
}

// moved is how many nodes changed their state between two statuses.
func changedNodes(last, next *v1beta1.JobStatus) int {
	distance := func(a, b int32) int { return int(max(a, b) - min(a, b)) }
	return max(distance(last.Desired, next.Desired), distance(last.Active, next.Active),
		distance(last.Succeeded, next.Succeeded), distance(last.Failed, next.Failed))
}
