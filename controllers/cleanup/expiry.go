package cleanup

import (
	"time"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// expiry returns when to delete a finished Job, and false if it must be kept. A TTL
// counts from when the Job finished. Without a TTL, a complete Job is deleted at
// once, unless a GitOps tool would apply it again, and a failed one is kept for the
// user to read. A Job that was changed since its verdict is kept, because the change
// may start it over. One of a CronJob is its history, and deleted by its limits.
func expiry(job *v1beta1.Job) (time.Time, bool) {
	finished := job.StandingVerdict()
	if finished == nil || !job.DeletionTimestamp.IsZero() || v1beta1.CronJobOf(job) != nil {
		return time.Time{}, false
	}
	at := finished.LastTransitionTime.Time
	if ttl := job.Spec.TTLSecondsAfterFinished; ttl != nil {
		if *ttl > 0 {
			at = at.Add(time.Second) // Times of the API are cut to seconds. A TTL is never early.
		}
		return at.Add(time.Duration(*ttl) * time.Second), true
	}
	return at, finished.Type == v1beta1.JobComplete && !plan.Kept(job)
}
