package plan

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// retainSeconds returns for how long the Job asks to keep its pages, nil if they go with it.
func retainSeconds(job *v1beta1.Job) *int32 {
	if job.Spec.Results == nil {
		return nil
	}
	return job.Spec.Results.RetainSeconds
}

// retention returns for how long pages with these entries are kept, nil if they go with their
// Job. The pages of a run are all kept for as long as its first one: a value that the user
// changed holds for later runs.
func (e *Entries) retention(pages []*v1beta1.JobRecord) *int32 {
	for _, page := range pages {
		if page.Spec.Run == e.Run {
			return page.Spec.RetainSeconds
		}
	}
	return e.RetainSeconds
}

// retain makes a new page one that is kept for so long, or one that goes with its Job.
func retain(page *v1beta1.JobRecord, job *v1beta1.Job, seconds *int32) {
	if page.Spec.RetainSeconds = seconds; seconds == nil {
		// Garbage collection deletes what has an owner together with it.
		page.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(job, v1beta1.GroupVersion.WithKind("Job"))}
	}
}
