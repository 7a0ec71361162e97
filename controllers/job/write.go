package job

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
)

// writeStatus writes the new status if it is due, and tells what a person would
// want to know of the change. It returns how long to wait if it is not due yet.
//
// The write is refused if the Job changed since it was read: a verdict must be
// about the Job as it is.
func (r *Reconciler) writeStatus(ctx context.Context, f *State, d *decision) (time.Duration, error) {
	before := &f.job.Status
	if wait := writeAfter(before, &d.status, r.written.last(f.job.UID), f.now); wait != 0 {
		return max(0, wait), nil
	}
	job := f.job.DeepCopy()
	job.Status = d.status
	patch := client.MergeFromWithOptions(f.job, client.MergeFromWithOptimisticLock{})
	if err := r.client.Status().Patch(ctx, job, patch); err != nil {
		return 0, err
	}
	r.jobs.remember(job)
	r.written.set(job.UID, f.now)
	if d.Outcome.Result != undecided || before.Phase != d.status.Phase {
		logf.FromContext(ctx).Info("status", "phase", d.status.Phase, "completed", d.status.Completed,
			"failed", d.status.Failed, "verdict", d.Outcome.reason)
	}
	for _, n := range eventsFor(f, d) {
		r.recorder.Eventf(job, nil, n.kind, n.reason, n.action, "%s", n.message)
	}
	if d.Outcome.Result == complete || d.Outcome.Result == fail {
		observeDuration(&d.status, f.now)
	}
	return 0, nil
}

// times are the times at which this process wrote the Jobs' statuses last.
type times struct {
	mu    sync.Mutex
	byJob map[types.UID]time.Time
}

func newTimes() *times { return &times{byJob: map[types.UID]time.Time{}} }

func (t *times) last(uid types.UID) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.byJob[uid]
}

func (t *times) set(uid types.UID, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.byJob[uid] = at
}

func (t *times) forget(uid types.UID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.byJob, uid)
}
