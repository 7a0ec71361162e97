package job

import (
	"cmp"
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// failureDelay is how long the reconciles of a Job may fail before its status says
// so. A single conflict or restart of the API server is over by then.
const failureDelay = 10 * time.Second

// recordFailure records how a reconcile ended.
func (s *jobState) recordFailure(err error, now time.Time) {
	switch {
	case err == nil:
		s.failingSince = time.Time{}
	case s.failingSince.IsZero():
		s.failingSince = now
	}
	s.failure = err
}

// keepsFailing returns whether the reconciles of a Job have failed for longer than a conflict, or
// a restart of the API server, lasts.
func (s *jobState) keepsFailing(now time.Time) bool {
	return !s.failingSince.IsZero() && now.Sub(s.failingSince) >= failureDelay
}

// failureBlocker returns why the reconciles of a Job keep failing.
func (s *jobState) failureBlocker(now time.Time) plan.Blocker {
	if s.failure == nil || !s.keepsFailing(now) {
		return plan.Blocker{}
	}
	return plan.Blocker{Reason: v1beta1.ReasonReconcileFailed,
		Message: "the manager fails, and retries: " + plan.Shorten(s.failure.Error(), 2*plan.MaxSentence)}
}

// reportFailure writes to the status why reconciles keep failing, where no reconcile
// gets as far as the status. What else blocks the Job is left as it is.
func (r *Reconciler) reportFailure(ctx context.Context, state *jobState, job *v1beta1.Job) error {
	blocker, before := state.failureBlocker(r.clock.Now()), cmp.Or(state.job, job)
	if blocker.Reason == "" || before.Status.Blocked != "" || before.Finished() != nil {
		return nil
	}
	after := before.DeepCopy()
	after.Status = plan.WithBlocker(before, blocker, r.clock.Now())
	err := r.client.Status().Patch(ctx, after, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
	if err == nil {
		state.job = after
	}
	if apierrors.IsConflict(err) {
		return nil // The next failure reports it.
	}
	return client.IgnoreNotFound(err)
}
