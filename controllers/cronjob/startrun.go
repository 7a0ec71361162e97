package cronjob

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/jobcache"
	"github.com/darkowlzz/daemonset-job/internal/livelist"
	"github.com/darkowlzz/daemonset-job/internal/plan"
	"github.com/darkowlzz/daemonset-job/internal/schedule"
)

// currentRetryDelay is when to look again whether what was decided on is what the API server
// has. The event of what the cache lacks usually enqueues the CronJob before that.
const currentRetryDelay = time.Second

// startRun creates the Job of the pending run, and writes its UID at once: a run whose UID is
// written is never created again. It returns when to try again, 0 if the next event says so.
func (r *Reconciler) startRun(ctx context.Context, cronJob *v1beta1.CronJob, children []*v1beta1.Job, run schedule.Run) (time.Duration, error) {
	if wait := r.attempts.of(cronJob).wait(r.clock.Now()); wait > 0 {
		return wait, nil
	}
	if current, err := r.isCurrent(ctx, cronJob, children); err != nil || !current {
		return currentRetryDelay, err
	}
	job := schedule.JobFor(cronJob, run)
	err := r.client.Create(ctx, job, client.FieldOwner(v1beta1.ManagerFieldOwner))
	switch {
	case apierrors.IsAlreadyExists(err):
		return conflictRetryDelay, nil // It is read live then, and may be ours.
	case isRefusal(err):
		logf.FromContext(ctx).Info("Failed to create Job, retrying", "job", job.Name, "error", err.Error())
		r.attempts.record(cronJob, attempt{run: run.Name, at: r.clock.Now(), refusal: plan.Shorten(err.Error(), 4*plan.MaxSentence)})
		return conflictRetryDelay, nil // The next Decision says so in the status.
	case err != nil:
		return 0, fmt.Errorf("creating Job %s: %w", job.Name, err)
	}
	r.attempts.record(cronJob, attempt{run: run.Name, at: r.clock.Now(), job: job.UID})
	logf.FromContext(ctx).Info("Created Job", "job", job.Name, "scheduledTime", run.ScheduledTime)
	if _, err := r.writeStatus(ctx, cronJob, schedule.Created(cronJob, job.UID)); err != nil {
		result, err := retryConflict(err) // The next Decision writes it, which knows the attempt.
		return result.RequeueAfter, err
	}
	return 0, nil
}

// isCurrent returns whether the API server has the CronJob and its children as they were
// decided on. A cache may lag behind what a user, or the manager that was the leader before,
// did to them.
func (r *Reconciler) isCurrent(ctx context.Context, cronJob *v1beta1.CronJob, children []*v1beta1.Job) (bool, error) {
	live := jobcache.Metadata("CronJob")
	if err := r.apiReader.Get(ctx, client.ObjectKeyFromObject(cronJob), live); err != nil {
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		return false, fmt.Errorf("reading the CronJob: %w", err)
	}
	if live.ResourceVersion != cronJob.ResourceVersion || cronJob.Spec.ConcurrencyPolicy == v1beta1.AllowConcurrent {
		return live.ResourceVersion == cronJob.ResourceVersion, nil
	}
	jobs, err := r.jobsOf(ctx, cronJob)
	if err != nil {
		return false, fmt.Errorf("listing the CronJob's Jobs: %w", err)
	}
	current := true
	for _, job := range jobs {
		switch owner := v1beta1.CronJobOf(job); {
		case owner.UID == cronJob.UID:
			current = current && isFinishedAt(childNamed(children, job.Name), job.ResourceVersion)
		case owner.Name == cronJob.Name:
			current = false
			if err := r.deleteAbandoned(ctx, job); err != nil {
				return false, err
			}
		}
	}
	return current, nil
}

// pageSize is how many Jobs a live list holds in memory at once. Their metadata alone is read.
const pageSize = 100

// jobsOf lists the Jobs of a CronJob live, and those of earlier ones of its name.
func (r *Reconciler) jobsOf(ctx context.Context, cronJob *v1beta1.CronJob) ([]*metav1.PartialObjectMetadata, error) {
	type jobs = []*metav1.PartialObjectMetadata
	return livelist.EachMetadata(ctx, r.apiReader, pageSize, v1beta1.GroupVersion.WithKind("JobList"), func(kept jobs, job *metav1.PartialObjectMetadata) jobs {
		if owner := v1beta1.CronJobOf(job); owner != nil && (owner.UID == cronJob.UID || owner.Name == cronJob.Name) {
			kept = append(kept, job.DeepCopy())
		}
		return kept
	}, client.InNamespace(cronJob.Namespace))
}

// deleteAbandoned deletes a Job of an earlier CronJob of the name. That one is gone, since the
// CronJob that was read live has its name.
//
// Garbage collection usually deletes it first. It never does if the CronJob was deleted and
// created again while its watch was interrupted, as by a restart of the API server: it then
// takes the earlier one for present. The resourceVersion spares a Job that is orphaned meanwhile.
func (r *Reconciler) deleteAbandoned(ctx context.Context, job *metav1.PartialObjectMetadata) error {
	if !job.DeletionTimestamp.IsZero() {
		return nil
	}
	err := r.client.Delete(ctx, job, client.Preconditions{UID: &job.UID, ResourceVersion: &job.ResourceVersion},
		client.PropagationPolicy(metav1.DeletePropagationForeground))
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("deleting Job %s of an earlier CronJob: %w", job.Name, err)
	}
	logf.FromContext(ctx).Info("Deleted Job of an earlier CronJob of this name", "job", job.Name, "jobUID", job.UID)
	return nil
}

// isFinishedAt returns whether a child is finished, and the version is that of the cache.
func isFinishedAt(job *v1beta1.Job, version string) bool {
	return job != nil && job.ResourceVersion == version && job.StandingVerdict() != nil
}

// isRefusal returns whether the API server answered that it does not create the Job, and would
// say so again: because of a quota, a policy, or an admission webhook that fails.
func isRefusal(err error) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return false
	}
	return !apierrors.IsTimeout(err) && !apierrors.IsServerTimeout(err) && !apierrors.IsTooManyRequests(err) && !apierrors.IsServiceUnavailable(err) &&
		!apierrors.IsConflict(err) && !apierrors.IsUnauthorized(err)
}
