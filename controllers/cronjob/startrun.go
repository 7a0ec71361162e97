package cronjob

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
	"github.com/darkowlzz/daemonset-job/internal/schedule"
)

// startRun creates the Job of the pending run, and writes its UID at once: a run whose UID is
// written is never created again.
func (r *Reconciler) startRun(ctx context.Context, cronJob *v1beta1.CronJob, children []*v1beta1.Job, run schedule.Run) (ctrl.Result, error) {
	if wait := r.attempts.of(cronJob).wait(r.clock.Now()); wait > 0 {
		return ctrl.Result{RequeueAfter: wait}, nil
	}
	current, err := r.isCurrent(ctx, cronJob, children)
	if err != nil {
		return ctrl.Result{}, err
	}
	if !current {
		return ctrl.Result{RequeueAfter: conflictRetryDelay}, nil
	}
	job := schedule.JobFor(cronJob, run)
	err = r.client.Create(ctx, job, client.FieldOwner(v1beta1.ManagerFieldOwner))
	switch {
	case apierrors.IsAlreadyExists(err):
		return ctrl.Result{RequeueAfter: conflictRetryDelay}, nil // It is read live then, and may be ours.
	case isRefusal(err):
		logf.FromContext(ctx).Info("Failed to create Job, retrying", "job", job.Name, "error", err.Error())
		r.attempts.record(cronJob, attempt{run: run.Name, at: r.clock.Now(), refusal: plan.Shorten(err.Error(), 4*plan.MaxSentence)})
		return ctrl.Result{RequeueAfter: conflictRetryDelay}, nil // The next Decision says so in the status.
	case err != nil:
		return ctrl.Result{}, fmt.Errorf("creating Job %s: %w", job.Name, err)
	}
	r.attempts.record(cronJob, attempt{run: run.Name, at: r.clock.Now(), job: job.UID})
	logf.FromContext(ctx).Info("Created Job", "job", job.Name, "scheduledTime", run.ScheduledTime)
	if _, err := r.writeStatus(ctx, cronJob, schedule.Created(cronJob, job.UID)); err != nil {
		return retryConflict(err) // The next Decision writes it, which knows the attempt.
	}
	return ctrl.Result{}, nil
}

// isCurrent returns whether the API server has the CronJob and its children as they were
// decided on. A cache may lag behind what a user, or the manager that was the leader before,
// did to them.
func (r *Reconciler) isCurrent(ctx context.Context, cronJob *v1beta1.CronJob, children []*v1beta1.Job) (bool, error) {
	live := metadataOf("CronJob")
	if err := r.apiReader.Get(ctx, client.ObjectKeyFromObject(cronJob), live); err != nil {
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		return false, fmt.Errorf("reading the CronJob: %w", err)
	}
	if live.ResourceVersion != cronJob.ResourceVersion || cronJob.Spec.ConcurrencyPolicy == v1beta1.AllowConcurrent {
		return live.ResourceVersion == cronJob.ResourceVersion, nil
	}
	jobs := &metav1.PartialObjectMetadataList{}
	jobs.SetGroupVersionKind(v1beta1.GroupVersion.WithKind("JobList"))
	if err := r.apiReader.List(ctx, jobs, client.InNamespace(cronJob.Namespace)); err != nil {
		return false, fmt.Errorf("listing the CronJob's Jobs: %w", err)
	}
	for i := range jobs.Items {
		job := &jobs.Items[i]
		if cronJob.Controls(job) && !isFinishedAt(childNamed(children, job.Name), job.ResourceVersion) {
			return false, nil
		}
	}
	return true, nil
}

// isFinishedAt returns whether a child is finished, and the version is that of the cache.
func isFinishedAt(job *v1beta1.Job, version string) bool {
	return job != nil && job.ResourceVersion == version && schedule.Finished(job) != nil
}

// isRefusal returns whether the API server would refuse the same Job again.
func isRefusal(err error) bool {
	return apierrors.IsInvalid(err) || apierrors.IsForbidden(err) || apierrors.IsBadRequest(err)
}
