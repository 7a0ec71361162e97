package schedule

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// RunName returns the name of the Job of the run that the schedule of a CronJob has then. Two
// managers that create it, or one that creates it twice, so make one Job.
func RunName(cronJob string, scheduled time.Time) string {
	return fmt.Sprintf("%s-%d", cronJob, scheduled.Unix()/60)
}

// IsRunName returns whether the schedule of a CronJob gives a Job this name. A Job that a user
// starts by hand may have it too.
func IsRunName(cronJob, name string) bool {
	minutes, found := strings.CutPrefix(name, cronJob+"-")
	_, err := strconv.ParseInt(minutes, 10, 64)
	return found && err == nil
}

// JobFor returns the Job to create for a run. One that a user starts by hand has no scheduled
// time.
func JobFor(cronJob *v1beta1.CronJob, run Run) *v1beta1.Job {
	template := cronJob.Spec.JobTemplate.DeepCopy()
	job := &v1beta1.Job{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: cronJob.Namespace, Name: run.Name, Labels: map[string]string{}, Annotations: map[string]string{},
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(cronJob, v1beta1.GroupVersion.WithKind("CronJob"))},
		},
		Spec: template.Spec,
	}
	maps.Copy(job.Labels, template.Labels)
	maps.Copy(job.Annotations, template.Annotations)
	job.Labels[v1beta1.LabelCronJob] = cronJob.Name
	if !run.ScheduledTime.IsZero() {
		job.Annotations[v1beta1.AnnotationScheduledTime] = run.ScheduledTime.UTC().Format(time.RFC3339)
	}
	return job
}

// scheduledTime returns when the schedule has the run of a Job, nil for one that was started by
// hand. Whoever may label the Job can write the annotation: the API server takes times of
// years with four digits alone.
func scheduledTime(job *v1beta1.Job) *metav1.Time {
	at, err := time.Parse(time.RFC3339, job.Annotations[v1beta1.AnnotationScheduledTime])
	if at = at.UTC().Truncate(time.Second); err != nil || at.Year() < 1 || at.Year() > 9999 || at.IsZero() {
		return nil
	}
	return new(metav1.NewTime(at))
}
