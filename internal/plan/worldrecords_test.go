package plan

import (
	"errors"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
)

// knowRecords lists the pages where records.go does.
func (w *world) knowRecords(job *v1beta1.Job, live bool) Records {
	records := &w.manager.memory.records
	if !records.Known && (live || job.Status.Records > 0 || daemonset.UsesGates(job) || len(records.Unwritten.Nodes) > 0) {
		records.Known, records.Pages = true, KeptPages(w.pagesOf(job.UID))
	}
	return *records
}

// pagesOf returns the pages of a Job as the API server has them.
func (w *world) pagesOf(job types.UID) []*v1beta1.JobRecord {
	var pages []*v1beta1.JobRecord
	for _, page := range w.pages {
		if isPageOf(page, job) {
			pages = append(pages, page.DeepCopy())
		}
	}
	return pages
}

// remember keeps the entries that no page has yet, as records.go does.
func (w *world) remember(p *Plan, gone []Pod) {
	w.manager.memory.records.Unwritten = p.Unwritten
	w.manager.gone = slices.DeleteFunc(w.manager.gone, func(pod Pod) bool {
		return slices.ContainsFunc(gone, func(other Pod) bool { return other.UID == pod.UID })
	})
}

// writePages writes the pages in their order. After one that was refused, or whose answer is
// lost, they are listed again.
func (w *world) writePages(s *State, p *Plan) error {
	records := &w.manager.memory.records
	for _, page := range p.Pages {
		err := w.request(func() error { return w.writePage(s, page.DeepCopy()) })
		if errors.Is(err, errRefused) {
			*records = records.AfterRefusal(err.Error(), s.Now)
		}
		if records.Known = false; err != nil {
			return err
		}
	}
	if len(p.Pages) > 0 {
		*records = Records{Known: true, Pages: KeptPages(w.pagesOf(s.Job.UID)), Unwritten: p.Later, LastWrite: s.Now}
		w.count[recorded]++
		if len(p.Later.Nodes) > 0 {
			w.count[leftForLater]++
		}
	}
	return nil
}

func (w *world) writePage(s *State, page *v1beta1.JobRecord) error {
	i := slices.IndexFunc(w.pages, func(other *v1beta1.JobRecord) bool { return other.Name == page.Name })
	if s.untilRecord() > 0 {
		w.breaks("page %s was tried again at once", page.Name)
	}
	switch {
	case w.refusing:
		w.note("API server refused page %s", page.Name)
		w.count[refusedPages]++
		return errRefused
	case (i >= 0) != (page.ResourceVersion != ""), i >= 0 && w.pages[i].ResourceVersion != page.ResourceVersion:
		return errConflict
	case len(page.OwnerReferences) > 0 && (w.job == nil || w.job.UID != s.Job.UID):
		return nil // Garbage collection takes it at once.
	}
	if len(page.Spec.Nodes) == 0 || len(page.Spec.Nodes) > maxEntries {
		w.breaks("page %s has %d entries", page.Name, len(page.Spec.Nodes))
	}
	w.checkRetained(page)
	page.ResourceVersion = w.next()
	for j := range page.Spec.Nodes {
		page.Spec.Nodes[j] = storedEntry(page.Spec.Nodes[j])
	}
	if i < 0 {
		w.checkEntries(s, page, 0)
		w.checkOutputs(page, nil)
		w.pages = append(w.pages, page)
		w.note("manager wrote page %s: %v %v", page.Name, page.Spec.Run, page.Spec.Nodes)
		return nil
	}
	if w.pages[i].Spec.Sealed || len(page.Spec.Nodes) < len(w.pages[i].Spec.Nodes) || page.Spec.Run != w.pages[i].Spec.Run {
		w.breaks("page %s lost evidence", page.Name)
	}
	w.checkEntries(s, page, len(w.pages[i].Spec.Nodes))
	w.checkOutputs(page, w.pages[i])
	w.note("manager added to page %s: %v", page.Name, page.Spec.Nodes[len(w.pages[i].Spec.Nodes):])
	w.pages[i] = page
	return nil
}

// storedEntry returns an entry as the API server keeps it: times have whole seconds.
func storedEntry(entry v1beta1.NodeRecord) v1beta1.NodeRecord {
	entry = *entry.DeepCopy()
	if entry.EndTime != nil {
		*entry.EndTime = entry.EndTime.Rfc3339Copy()
	}
	return entry
}

// recordOf returns the last entry of a run for a machine, as the API server has it.
func (w *world) recordOf(job types.UID, run v1beta1.JobRun, machine types.UID) *v1beta1.NodeRecord {
	var last *v1beta1.NodeRecord
	for _, page := range w.pages {
		for i := range page.Spec.Nodes {
			if entry := &page.Spec.Nodes[i]; isPageOf(page, job) && page.Spec.Run == run && entry.NodeUID == machine {
				last = entry
			}
		}
	}
	return last
}

// isRecorded returns whether the API server has the record that a node of the Job is done.
func (w *world) isRecorded(s *State, node string) bool {
	m := w.machine(node)
	if m == nil {
		return false
	}
	entry := w.recordOf(s.Job.UID, s.run(), m.UID)
	return entry != nil && entry.Result == v1beta1.RecordSucceeded
}
