package schedule

import (
	"slices"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// pruneHistory deletes finished children beyond the limits, the oldest first.
func (n *next) pruneHistory() {
	spec := &n.CronJob.Spec
	kept := map[string]int{
		v1beta1.JobComplete: limit(spec.SuccessfulJobsHistoryLimit, v1beta1.DefaultSuccessfulJobsHistoryLimit),
		v1beta1.JobFailed:   limit(spec.FailedJobsHistoryLimit, v1beta1.DefaultFailedJobsHistoryLimit),
	}
	for _, job := range slices.Backward(n.children) {
		finished := job.StandingVerdict()
		if finished == nil || !job.DeletionTimestamp.IsZero() || n.isPending(job.Name) {
			continue
		}
		if kept[finished.Type]--; kept[finished.Type] < 0 {
			n.Delete = append(n.Delete, Deletion{Job: job})
		}
	}
}

// isPending returns whether a Job is that of the pending run, whose result is not counted yet.
func (n *next) isPending(name string) bool {
	return n.status.Pending != nil && n.status.Pending.Name == name
}

func limit(value *int32, byDefault int32) int {
	if value == nil {
		return int(byDefault)
	}
	return int(*value)
}
