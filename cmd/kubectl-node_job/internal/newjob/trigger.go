package newjob

import (
	"maps"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// SuffixLength is how long the suffix of a manual run is.
const SuffixLength = 5

// Manual returns the Job of a run of the CronJob that a user starts, with this suffix. It is the
// CronJob's own as if its schedule had started it, and has no scheduled time.
func Manual(cronJob *v1beta1.CronJob, suffix string) *v1beta1.Job {
	template := &cronJob.Spec.JobTemplate
	job := &v1beta1.Job{
		TypeMeta: metav1.TypeMeta{APIVersion: v1beta1.GroupVersion.String(), Kind: "Job"},
		ObjectMeta: metav1.ObjectMeta{
			Namespace: cronJob.Namespace, Name: manualName(cronJob.Name, suffix),
			Labels: map[string]string{}, Annotations: maps.Clone(template.Annotations),
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(cronJob, v1beta1.GroupVersion.WithKind("CronJob"))},
		},
		Spec: *template.Spec.DeepCopy(),
	}
	maps.Copy(job.Labels, template.Labels)
	job.Labels[v1beta1.LabelCronJob] = cronJob.Name
	return job
}

// manualName returns <name>-manual-<suffix>, of which the name is cut to what fits.
func manualName(name, suffix string) string {
	end := "-manual-" + suffix
	if most := v1beta1.MaxNameLength - len(end); len(name) > most {
		name = strings.TrimRight(name[:most], "-.")
	}
	return name + end
}
