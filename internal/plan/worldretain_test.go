package plan

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// results returns which outputs a user asks for, and for how long to keep the pages of a Job.
func (w *world) results() *v1beta1.Results {
	results := w.someResults()
	if n := w.random.Int32N(3); n > 0 {
		if results == nil {
			results = &v1beta1.Results{}
		}
		results.RetainSeconds = &n
	}
	return results
}

// isPageOf returns whether the page is of the Job with this UID.
func isPageOf(page *v1beta1.JobRecord, job types.UID) bool {
	return page.Labels[v1beta1.LabelJobUID] == string(job)
}

// checkRetained checks that a page is either kept or goes with its Job, as all pages of its run.
func (w *world) checkRetained(page *v1beta1.JobRecord) {
	if (page.Spec.RetainSeconds == nil) != (len(page.OwnerReferences) > 0) {
		w.breaks("page %s is kept, and has the owners %v", page.Name, page.OwnerReferences)
	}
	for _, other := range w.pages {
		sameRun := other.Labels[v1beta1.LabelJobUID] == page.Labels[v1beta1.LabelJobUID] && other.Spec.Run == page.Spec.Run
		if sameRun && !equality.Semantic.DeepEqual(other.Spec.RetainSeconds, page.Spec.RetainSeconds) {
			w.breaks("pages %s and %s of one run are kept for different times", other.Name, page.Name)
		}
	}
}

// countOutlived counts when pages outlive their Job.
func (w *world) countOutlived() {
	if slices.ContainsFunc(w.pages, func(page *v1beta1.JobRecord) bool { return isPageOf(page, w.job.UID) }) {
		w.count[outlived]++
	}
}
