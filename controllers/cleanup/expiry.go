package cleanup

import (
	"time"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// expiry is when a Job is to be deleted, if ever: a finished one its TTL after
// it finished. Without a TTL a complete one goes at once, and a failed one is
// kept for a person to read.
func expiry(job *v1beta1.Job) (time.Time, bool) {
	finished := job.Finished()
	if finished == nil || !job.DeletionTimestamp.IsZero() {
		return time.Time{}, false
	}
	at := finished.LastTransitionTime.Time
	if ttl := job.Spec.TTLSecondsAfterFinished; ttl != nil {
		return at.Add(time.Duration(*ttl) * time.Second), true
	}
	return at, finished.Type == v1beta1.JobComplete
}
