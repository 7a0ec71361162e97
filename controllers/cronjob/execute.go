package cronjob

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
	"github.com/darkowlzz/daemonset-job/internal/schedule"
)

// conflictRetryDelay is when to retry what was refused, or not done, because an object had
// changed. Its event usually enqueues the CronJob before that.
const conflictRetryDelay = 250 * time.Millisecond

// execute does what the Decision says, in its order. A status that is not written ends it: the
// rest rests on it.
func (r *Reconciler) execute(ctx context.Context, state *schedule.State, d schedule.Decision) (ctrl.Result, error) {
	cronJob, err := r.writeStatus(ctx, state.CronJob, d)
	if err != nil {
		return retryConflict(err)
	}
	wait, err := r.deleteJobs(ctx, cronJob, d.Delete)
	wait = soonest(wait, d.RequeueAfter)
	if d.Create != nil {
		createWait, createErr := r.startRun(ctx, cronJob, state.Children, *d.Create)
		wait, err = soonest(wait, createWait), errors.Join(err, createErr)
	}
	if err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{RequeueAfter: wait}, nil
}

// deleteJobs deletes Jobs, and returns when to try again those that changed meanwhile. One that
// cannot be deleted keeps no other from it, and no run from its start.
func (r *Reconciler) deleteJobs(ctx context.Context, cronJob *v1beta1.CronJob, deletions []schedule.Deletion) (wait time.Duration, err error) {
	for _, deletion := range deletions {
		failed := r.deleteJob(ctx, cronJob, deletion)
		switch {
		case apierrors.IsConflict(failed):
			wait = conflictRetryDelay
		case failed != nil:
			r.recorder.Eventf(cronJob, nil, corev1.EventTypeWarning, "FailedDelete", "Delete", "%s", plan.Shorten(failed.Error(), plan.MaxEventMessage))
			err = errors.Join(err, failed)
		}
	}
	return wait, err
}

// soonest returns the shorter of two waits. 0 is none.
func soonest(a, b time.Duration) time.Duration {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

// retryConflict turns a refused write of a stale or deleted object into a retry.
func retryConflict(err error) (ctrl.Result, error) {
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		return ctrl.Result{RequeueAfter: conflictRetryDelay}, nil
	}
	return ctrl.Result{}, err
}

// writeStatus writes the status of a Decision, if it has one, then emits its events and counts
// its results. It returns the CronJob as it is then. The API server refuses the status of a
// CronJob that changed since it was read: of two managers, one writes a run ahead.
func (r *Reconciler) writeStatus(ctx context.Context, before *v1beta1.CronJob, d schedule.Decision) (*v1beta1.CronJob, error) {
	if d.Status == nil {
		return before, nil
	}
	cronJob := before.DeepCopy()
	cronJob.Status = *d.Status
	if err := r.client.Status().Patch(ctx, cronJob, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
		return nil, err
	}
	for _, event := range d.Events {
		r.recorder.Eventf(cronJob, nil, event.Type, event.Reason, event.Action, "%s", plan.Shorten(event.Message, plan.MaxEventMessage))
	}
	countResults(d.Results)
	return cronJob, nil
}

// deleteJob deletes this very Job. One that is deleted for its age must be as it was observed:
// it may have started over since.
func (r *Reconciler) deleteJob(ctx context.Context, cronJob *v1beta1.CronJob, deletion schedule.Deletion) error {
	job, propagation, reason := deletion.Job, metav1.DeletePropagationBackground, "the CronJob keeps no more Jobs of its result"
	only := client.Preconditions{UID: &job.UID, ResourceVersion: &job.ResourceVersion}
	if deletion.Foreground {
		only.ResourceVersion = nil
		propagation, reason = metav1.DeletePropagationForeground, "the next run replaces it"
	}
	err := r.client.Delete(ctx, job, only, client.PropagationPolicy(propagation))
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("deleting Job %s: %w", job.Name, err)
	}
	logf.FromContext(ctx).Info("Deleted Job", "job", job.Name, "phase", job.Status.Phase, "reason", reason)
	r.recorder.Eventf(cronJob, nil, corev1.EventTypeNormal, "SuccessfulDelete", "Delete", "deleted Job %s: %s", job.Name, reason)
	return nil
}
