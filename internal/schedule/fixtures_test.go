package schedule

import (
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// theCronJob is one called c that was created at the beginning of June, and has never been observed.
func theCronJob(schedule string, changes ...func(*v1beta1.CronJob)) *v1beta1.CronJob {
	c := &v1beta1.CronJob{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "c", UID: "c-uid", Generation: 1},
		Spec: v1beta1.CronJobSpec{
			Schedule: schedule, TimeZone: v1beta1.DefaultTimeZone, ConcurrencyPolicy: v1beta1.ForbidConcurrent,
			JobTemplate: v1beta1.JobTemplateSpec{Spec: v1beta1.JobSpec{Image: "example.com/work:v1"}},
		},
		Status: v1beta1.CronJobStatus{ObservedGeneration: -1},
	}
	c.CreationTimestamp = metav1.NewTime(time.Date(2026, time.June, 1, 0, 0, 0, 0, time.UTC))
	for _, change := range changes {
		change(c)
	}
	return c
}

func inTimeZone(name string) func(*v1beta1.CronJob) {
	return func(c *v1beta1.CronJob) { c.Spec.TimeZone = name }
}

func createdAt(at time.Time) func(*v1beta1.CronJob) {
	return func(c *v1beta1.CronJob) { c.CreationTimestamp = metav1.NewTime(at) }
}

func withPolicy(policy v1beta1.ConcurrencyPolicy) func(*v1beta1.CronJob) {
	return func(c *v1beta1.CronJob) { c.Spec.ConcurrencyPolicy = policy }
}

func withDeadline(seconds int64) func(*v1beta1.CronJob) {
	return func(c *v1beta1.CronJob) { c.Spec.StartingDeadlineSeconds = &seconds }
}

func suspended(c *v1beta1.CronJob) { c.Spec.Suspend = new(true) }

func resumed(c *v1beta1.CronJob) { c.Spec.Suspend = new(false) }

// withHistory sets the limits of the history. A negative one is absent.
func withHistory(successful, failed int32) func(*v1beta1.CronJob) {
	return func(c *v1beta1.CronJob) {
		c.Spec.SuccessfulJobsHistoryLimit, c.Spec.FailedJobsHistoryLimit = nil, nil
		if successful >= 0 {
			c.Spec.SuccessfulJobsHistoryLimit = &successful
		}
		if failed >= 0 {
			c.Spec.FailedJobsHistoryLimit = &failed
		}
	}
}

// withPending makes a run pending. Without a uid, its Job is not known to exist.
func withPending(at time.Time, uid types.UID) func(*v1beta1.CronJob) {
	return func(c *v1beta1.CronJob) {
		c.Status.LastScheduleTime = new(metav1.NewTime(at))
		c.Status.Pending = &v1beta1.PendingRun{Name: nameAt(c, at), ScheduledTime: metav1.NewTime(at), UID: uid}
	}
}

// lastScheduled sets when the schedule started a run last.
func lastScheduled(at time.Time) func(*v1beta1.CronJob) {
	return func(c *v1beta1.CronJob) { c.Status.LastScheduleTime = new(metav1.NewTime(at)) }
}

// observedBefore sets what the first observation writes.
func observedBefore(c *v1beta1.CronJob) {
	c.Status.ObservedSchedule = c.Spec.TimeZone + " " + c.Spec.Schedule
	c.Status.ScheduleSince = new(c.CreationTimestamp)
}

// nameAt is the name of the Job of a run.
func nameAt(c *v1beta1.CronJob, at time.Time) string {
	return fmt.Sprintf("%s-%d", c.Name, at.Unix()/60)
}

// child returns a running Job that the CronJob controls, created two seconds after its time.
func child(c *v1beta1.CronJob, name string, at time.Time, changes ...func(*v1beta1.Job)) *v1beta1.Job {
	job := &v1beta1.Job{ObjectMeta: metav1.ObjectMeta{
		Namespace: c.Namespace, Name: name, UID: types.UID(name + "-uid"), Generation: 1, CreationTimestamp: metav1.NewTime(at.Add(2 * time.Second)),
		OwnerReferences: []metav1.OwnerReference{{
			APIVersion: v1beta1.GroupVersion.String(), Kind: "CronJob", Name: c.Name, UID: c.UID, Controller: new(true), BlockOwnerDeletion: new(true),
		}},
	}}
	job.Spec.Image = "example.com/work:v1"
	job.Status = v1beta1.JobStatus{Phase: v1beta1.PhaseRunning, Completed: "1/3", ObservedGeneration: 1}
	for _, change := range changes {
		change(job)
	}
	return job
}

// childAt returns the running Job of a run by the schedule.
func childAt(c *v1beta1.CronJob, at time.Time, changes ...func(*v1beta1.Job)) *v1beta1.Job {
	job := child(c, nameAt(c, at), at)
	job.Labels = map[string]string{v1beta1.LabelCronJob: c.Name}
	job.Annotations = map[string]string{v1beta1.AnnotationScheduledTime: at.UTC().Format(time.RFC3339)}
	for _, change := range changes {
		change(job)
	}
	return job
}

// manualChild returns the running Job of a run by hand.
func manualChild(c *v1beta1.CronJob, suffix string, at time.Time, changes ...func(*v1beta1.Job)) *v1beta1.Job {
	return child(c, c.Name+"-manual-"+suffix, at, changes...)
}

// notObserved is for a Job that its own controller has not observed.
func notObserved(job *v1beta1.Job) { job.Status = v1beta1.JobStatus{ObservedGeneration: -1} }

func held(job *v1beta1.Job) {
	job.Status.Phase = v1beta1.PhaseSuspended
	job.Status.Conditions = []metav1.Condition{{Type: v1beta1.JobSuspended, Status: metav1.ConditionTrue, Reason: v1beta1.ReasonMaxFailedNodesExceeded}}
}

func suspendedJob(job *v1beta1.Job) {
	job.Spec.Suspend, job.Status.Phase = new(true), v1beta1.PhaseSuspended
}

// undecodable is for a Job of which only the metadata is known.
func undecodable(job *v1beta1.Job) { job.Spec, job.Status = v1beta1.JobSpec{}, v1beta1.JobStatus{} }

func deleting(job *v1beta1.Job) {
	job.DeletionTimestamp, job.Finalizers = new(metav1.NewTime(job.CreationTimestamp.Add(time.Second))), []string{metav1.FinalizerDeleteDependents}
}

// changedSince is for a finished Job whose spec was changed: its verdict is about another template.
func changedSince(job *v1beta1.Job) { job.Generation++ }

func completeAt(at time.Time) func(*v1beta1.Job) {
	return func(job *v1beta1.Job) {
		end(job, v1beta1.JobComplete, at)
		job.Status.Phase, job.Status.Completed = v1beta1.PhaseComplete, "3/3"
	}
}

func failedAt(at time.Time) func(*v1beta1.Job) {
	return func(job *v1beta1.Job) {
		end(job, v1beta1.JobFailed, at)
		job.Status.Phase, job.Status.Completed, job.Status.Failed = v1beta1.PhaseFailed, "2/3", 1
	}
}

// completed and failed are for a Job that ran for ten seconds.
func completed(job *v1beta1.Job) { completeAt(job.CreationTimestamp.Add(10 * time.Second))(job) }
func failed(job *v1beta1.Job)    { failedAt(job.CreationTimestamp.Add(10 * time.Second))(job) }

func end(job *v1beta1.Job, verdict string, at time.Time) {
	job.Status.ObservedGeneration, job.Status.CompletionTime = job.Generation, new(metav1.NewTime(at))
	job.Status.Conditions = []metav1.Condition{{Type: verdict, Status: metav1.ConditionTrue, LastTransitionTime: metav1.NewTime(at)}}
}

// metadataOf returns what the API server has of a Job, as State.Named.
func metadataOf(job *v1beta1.Job) *metav1.PartialObjectMetadata {
	return &metav1.PartialObjectMetadata{ObjectMeta: *job.ObjectMeta.DeepCopy()}
}

// utc returns an instant that is written without its offset.
func utc(t testing.TB, text string) time.Time {
	t.Helper()
	return instant(t, text+" +00:00")
}
