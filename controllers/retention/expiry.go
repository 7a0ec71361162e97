package retention

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// expiry returns from when on a JobRecord is deleted if its Job is gone, and false for one
// that is not retained: garbage collection deletes it with its Job.
func expiry(record *v1beta1.JobRecord) (time.Time, bool) {
	if record.Spec.RetainSeconds == nil || metav1.GetControllerOf(record) != nil {
		return time.Time{}, false
	}
	return lastEnd(record).Add(time.Duration(*record.Spec.RetainSeconds) * time.Second), true
}

// lastEnd returns when the last entry of a JobRecord ended. Times of ends are by the clocks of
// nodes, and one that is ahead must not keep the record for years: nothing ended after the
// record was last written. Starts are by the clock of the API server. An end before its start is by
// a clock that is behind, and retention would delete the record too early.
func lastEnd(record *v1beta1.JobRecord) time.Time {
	var last time.Time
	written := lastWrite(record)
	for i := range record.Spec.Nodes {
		switch node := &record.Spec.Nodes[i]; {
		case node.EndTime == nil:
		case node.StartTime != nil && node.EndTime.Before(node.StartTime):
			last = written
		case node.EndTime.After(last):
			last = node.EndTime.Time
		}
	}
	if last.IsZero() || last.After(written) {
		return written
	}
	return last
}

// lastWrite returns when the record was last written, by the clock of the API server.
func lastWrite(record *v1beta1.JobRecord) time.Time {
	last := record.CreationTimestamp.Time
	for i := range record.ManagedFields {
		if at := record.ManagedFields[i].Time; at != nil && at.After(last) {
			last = at.Time
		}
	}
	return last
}
