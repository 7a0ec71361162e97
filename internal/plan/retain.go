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

// retain makes a new page one that is kept, or one that goes with its Job. The pages of a run
// are all kept for as long as its first one: a value that the user changed holds for later runs.
func retain(page *v1beta1.JobRecord, job *v1beta1.Job, pages []*v1beta1.JobRecord) {
	page.Spec.RetainSeconds = retainSeconds(job)
	for _, earlier := range pages {
		if earlier.Spec.Run == page.Spec.Run {
			page.Spec.RetainSeconds = earlier.Spec.RetainSeconds
			break
		}
	}
	if page.Spec.RetainSeconds == nil {
		// Garbage collection deletes what has an owner together with it.
		page.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(job, v1beta1.GroupVersion.WithKind("Job"))}
	}
}
