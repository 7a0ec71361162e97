package cronjob

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/schedule"
)

// refusalRetryDelay is when a Job that the API server refused is created again: what it waits
// for is a person, who changes a quota or a policy.
const refusalRetryDelay = 30 * time.Second

// attempts remembers how the last attempt to create the Job of each CronJob's pending run
// ended. A manager that starts forgets it.
type attempts struct {
	mu  sync.Mutex
	all map[types.NamespacedName]attempt
}

// attempt is an attempt to create the Job of a run.
type attempt struct {
	// cronJob and generation say for what it was made.
	cronJob    types.UID
	generation int64
	run        string
	at         time.Time
	// job is the UID of the Job, empty if the API server refused it for this reason.
	job     types.UID
	refusal string
}

// of returns the last attempt for the CronJob's pending run, or the zero value.
func (a *attempts) of(cronJob *v1beta1.CronJob) attempt {
	a.mu.Lock()
	defer a.mu.Unlock()
	last, pending := a.all[client.ObjectKeyFromObject(cronJob)], cronJob.Status.Pending
	if last.cronJob != cronJob.UID || pending == nil || last.run != pending.Name {
		return attempt{}
	}
	if last.job == "" && last.generation != cronJob.Generation {
		return attempt{} // What was refused has changed.
	}
	return last
}

// refused returns why the API server refused the Job, nil if it did not.
func (a attempt) refused() *schedule.Refusal {
	if a.refusal == "" {
		return nil
	}
	return &schedule.Refusal{Name: a.run, Message: a.refusal}
}

// wait returns how long to wait before the Job is created again.
func (a attempt) wait(now time.Time) time.Duration {
	if a.refusal == "" {
		return 0
	}
	return a.at.Add(refusalRetryDelay).Sub(now)
}

// record remembers an attempt for the CronJob's pending run.
func (a *attempts) record(cronJob *v1beta1.CronJob, last attempt) {
	last.cronJob, last.generation = cronJob.UID, cronJob.Generation
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.all == nil {
		a.all = map[types.NamespacedName]attempt{}
	}
	a.all[client.ObjectKeyFromObject(cronJob)] = last
}

func (a *attempts) forget(name types.NamespacedName) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.all, name)
}
