package plan

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// results returns for how long a user asks to keep the pages of a Job.
func (w *world) results() *v1beta1.Results {
	if n := w.random.Int32N(3); n > 0 {
		return &v1beta1.Results{RetainSeconds: &n}
	}
	return nil
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

// checkKept checks that a Job which keeps its pages is over only when they are written.
func (w *world) checkKept(s *State, verdict string) {
	if verdict != v1beta1.JobComplete || s.Job.Spec.Results == nil {
		return
	}
	done := map[types.UID]bool{}
	for _, page := range w.pages {
		for i := range page.Spec.Nodes {
			if entry := &page.Spec.Nodes[i]; isPageOf(page, s.Job.UID) && page.Spec.Run == s.run() {
				done[entry.NodeUID] = entry.Result == v1beta1.RecordSucceeded
			}
		}
	}
	recorded := 0
	for _, succeeded := range done {
		if succeeded {
			recorded++
		}
	}
	if recorded < int(w.job.Status.Succeeded) {
		w.breaks("Complete with %d nodes, of which %d are recorded in run %v", w.job.Status.Succeeded, recorded, s.run())
	}
}

// countOutlived counts when pages outlive their Job.
func (w *world) countOutlived() {
	if slices.ContainsFunc(w.pages, func(page *v1beta1.JobRecord) bool { return isPageOf(page, w.job.UID) }) {
		w.count[outlived]++
	}
}
