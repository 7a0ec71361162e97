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

// refusals remembers why the API server refused the Job of a pending run. A manager that
// starts forgets it, and tries at once.
type refusals struct {
	mu  sync.Mutex
	all map[types.NamespacedName]refused
}

// refused is a refusal of the Job of a CronJob as it was written at a generation.
type refused struct {
	schedule.Refusal

	uid        types.UID
	generation int64
	at         time.Time
}

// of returns why the Job of the CronJob's pending run was refused, nil if it was not.
func (r *refusals) of(cronJob *v1beta1.CronJob) *schedule.Refusal {
	r.mu.Lock()
	defer r.mu.Unlock()
	last, ok := r.all[client.ObjectKeyFromObject(cronJob)]
	if !ok || last.uid != cronJob.UID || last.generation != cronJob.Generation {
		return nil
	}
	return &last.Refusal
}

// wait returns how long to wait before the Job of the pending run is created again.
func (r *refusals) wait(cronJob *v1beta1.CronJob, now time.Time) time.Duration {
	last := r.of(cronJob)
	if last == nil || cronJob.Status.Pending == nil || last.Name != cronJob.Status.Pending.Name {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all[client.ObjectKeyFromObject(cronJob)].at.Add(refusalRetryDelay).Sub(now)
}

func (r *refusals) record(cronJob *v1beta1.CronJob, refusal schedule.Refusal, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all == nil {
		r.all = map[types.NamespacedName]refused{}
	}
	r.all[client.ObjectKeyFromObject(cronJob)] = refused{refusal, cronJob.UID, cronJob.Generation, now}
}

func (r *refusals) forget(name types.NamespacedName) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.all, name)
}
