package job

import (
	"context"
	"errors"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/internal/jobcache"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// lateAfter is how long after a State was observed its Plan is late. A busy API server needs minutes for the live
// lists of a large Job.
const lateAfter = 5 * time.Second

// decideAgain is the result of a reconcile whose Plan rests on what is no longer so.
var decideAgain = ctrl.Result{RequeueAfter: time.Millisecond}

// errLate ends a reconcile whose Plan is late, and rests on what is no longer so.
var errLate = errors.New("the Job, or its admission policy, changed while it was observed")

// checkLate returns errLate if a Plan is late, and the user has changed, suspended or deleted the Job since, or the
// admission policy has changed. The API server refuses a status for a Job that has changed, and no other write.
func (r *Reconciler) checkLate(ctx context.Context, s *plan.State) error {
	if r.clock.Since(s.Now) < lateAfter {
		return nil
	}
	guard, err := r.observeGuard(ctx)
	if err != nil {
		return err
	}
	cached, err := jobcache.Get(ctx, r.client, client.ObjectKeyFromObject(s.Job))
	if client.IgnoreNotFound(err) != nil {
		return err
	}
	changed := cached == nil || cached.UID != s.Job.UID || cached.Generation > s.Job.Generation || cached.DeletionTimestamp != nil && s.Job.DeletionTimestamp == nil
	if changed || guard.Missing != s.Guard.Missing || !guard.Since.Equal(s.Guard.Since) {
		return errLate
	}
	return nil
}
