package main

import (
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// longRetention is for how long some Jobs retain their records: longer than a soak.
const longRetention = 24 * 3600

// pageHistory is a JobRecord, as it was seen last.
type pageHistory struct {
	life
	last *v1beta1.JobRecord
}

// entryKey is what an entry says: that a node is done in the run of a template of a Job.
type entryKey struct {
	job  types.UID
	hash string
	node types.UID
}

// doneEntry is when an entry was written, with the name of its node.
type doneEntry struct {
	moment
	node string
}

// repeatedEntry is an entry of a node that was recorded as done.
type repeatedEntry struct {
	doneEntry
	page   *v1beta1.JobRecord
	result v1beta1.RecordResult
}

// jobOf returns the UID of the Job of a page.
func jobOf(page *v1beta1.JobRecord) types.UID { return types.UID(page.Labels[v1beta1.LabelJobUID]) }

// recordPage records a page, and checks that it is the one that it was, with more entries.
func (h *recordHistory) recordPage(page *v1beta1.JobRecord, listed bool) {
	of := known(h.pages, page.UID)
	became, before := of.see(page, listed), of.last
	of.last = page
	seen := 0
	if before != nil {
		seen = len(before.Spec.Nodes)
		switch now, then := &page.Spec, &before.Spec; {
		case then.Sealed && !equality.Semantic.DeepEqual(now, then):
			h.breaks("page %s is sealed, and changed", page.Name)
		case now.Run != then.Run, !equality.Semantic.DeepEqual(now.RetainSeconds, then.RetainSeconds), jobOf(page) != jobOf(before):
			h.breaks("page %s is of another run or Job, or retained for another time", page.Name)
		case len(now.Nodes) < seen, !equality.Semantic.DeepEqual(now.Nodes[:seen], then.Nodes):
			h.breaks("entries of page %s changed or disappeared", page.Name)
			return
		}
	}
	for i := seen; i < len(page.Spec.Nodes); i++ {
		h.recordEntry(page, &page.Spec.Nodes[i], became)
	}
}

// recordEntry records an entry. One that says that a node is done is the last one of the node.
func (h *recordHistory) recordEntry(page *v1beta1.JobRecord, of *v1beta1.NodeRecord, written moment) {
	key := entryKey{jobOf(page), page.Spec.Run.TemplateHash, of.NodeUID}
	if _, done := h.entries[key]; done {
		h.repeated = append(h.repeated, repeatedEntry{doneEntry{written, of.Node}, page, of.Result})
		return
	}
	if of.Result == v1beta1.RecordSucceeded {
		h.entries[key] = doneEntry{written, of.Node}
	}
}

// checkRepeated checks that no node was recorded again. The manager may write a page once more
// that garbage collection took with its Job, until the cache shows that the Job is gone.
func (h *recordHistory) checkRepeated() {
	for _, r := range h.repeated {
		if job := h.jobs[jobOf(r.page)]; job == nil || !job.gone.maybeBefore(r.moment) {
			h.breaks("page %s has an entry %s of %s, which is recorded as done", r.page.Name, r.result, r.node)
		}
	}
}

// checkPages checks that the pages are of runs that their Jobs had, and that none went before
// its time.
func (h *recordHistory) checkPages() {
	for _, of := range h.pages {
		page := of.last
		if page == nil {
			continue
		}
		h.judged["pages"]++
		job := h.jobs[jobOf(page)]
		if job == nil || !job.created.happened() {
			h.breaks("page %s is of no Job of the soak", page.Name)
			continue
		}
		h.checkRun(page, job)
		retained := page.Spec.RetainSeconds
		if of.gone.happened() && (job.outlives(of.gone) || retained != nil && *retained == longRetention) {
			h.breaks("page %s was deleted before its time", page.Name)
		}
	}
}

// checkRun checks that the page is of a run that its Job had.
func (h *recordHistory) checkRun(page *v1beta1.JobRecord, job *jobHistory) {
	run := page.Spec.Run
	generation, ok := job.runs[run.TemplateHash]
	switch {
	case !ok, generation != 0 && generation != run.Generation:
		h.breaks("page %s is of run %v, which Job %s did not have", page.Name, run, job.name)
	case generation == 0:
		job.runs[run.TemplateHash] = run.Generation // The other pages must agree.
	}
}
