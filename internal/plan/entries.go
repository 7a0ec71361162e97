package plan

import (
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// Entries are entries of one run, in the order in which they were observed.
type Entries struct {
	Run v1beta1.JobRun
	// RetainSeconds is for how long the Job asked to keep its pages when this process observed
	// the run first. A page of the run that exists says it better.
	RetainSeconds *int32
	Nodes         []v1beta1.NodeRecord
}

// dropWritten drops the unwritten entries that a page has. The API server may have written one
// whose answer was lost, or the first of several pages. One that a rule decided is another than
// that of a failure of the same pod before. Entries are written in their order: if the last one of a node that a page
// has is among the unwritten ones, so were those before it, of earlier tries. written has that last one for each node, by its UID.
func (e *Entries) dropWritten(written map[types.UID]*v1beta1.NodeRecord) {
	through := map[types.UID]int{}
	for i := range e.Nodes {
		entry := &e.Nodes[i]
		has := written[entry.NodeUID]
		if has != nil && (has.Result != v1beta1.RecordFailed || entry.PodUID != "" && has.PodUID == entry.PodUID && (isFinal(has) || !isFinal(entry))) {
			through[entry.NodeUID] = i
		}
	}
	kept := make([]v1beta1.NodeRecord, 0, len(e.Nodes)-len(through))
	for i := range e.Nodes {
		if last, found := through[e.Nodes[i].NodeUID]; !found || i > last {
			kept = append(kept, e.Nodes[i])
		}
	}
	e.Nodes = kept
}

// lastEntries are the last entries of a run for each node, by its UID: those that a page has, and
// over them those that no page has yet.
type lastEntries struct {
	written, unwritten map[types.UID]*v1beta1.NodeRecord
}

// of returns the last entry of a node, nil if it has none.
func (l lastEntries) of(node *Node) *v1beta1.NodeRecord {
	if entry := l.unwritten[node.UID]; entry != nil {
		return entry
	}
	return l.written[node.UID]
}

// add adds an entry that no page has yet.
func (l lastEntries) add(entry *v1beta1.NodeRecord) { l.unwritten[entry.NodeUID] = entry }

// lastEntries returns the last entries of a run, of which pages have the written ones.
func (r *Records) lastEntries(run v1beta1.JobRun, written map[types.UID]*v1beta1.NodeRecord) lastEntries {
	last := lastEntries{written: written, unwritten: map[types.UID]*v1beta1.NodeRecord{}}
	if r.Unwritten.Run == run {
		for i := range r.Unwritten.Nodes {
			last.add(&r.Unwritten.Nodes[i])
		}
	}
	return last
}

// writtenOf returns the last entry that the pages of a run have for each node, by its UID.
func (r *Records) writtenOf(run v1beta1.JobRun) map[types.UID]*v1beta1.NodeRecord {
	entries := map[types.UID]*v1beta1.NodeRecord{}
	for _, page := range r.Pages {
		if page.Spec.Run != run {
			continue
		}
		for i := range page.Spec.Nodes {
			entries[page.Spec.Nodes[i].NodeUID] = &page.Spec.Nodes[i]
		}
	}
	return entries
}

// indexRecords fills entries. What a page has by now is no longer unwritten.
func (s *State) indexRecords() {
	run, unwritten := s.run(), &s.Records.Unwritten
	written := s.Records.writtenOf(run)
	switch {
	case len(unwritten.Nodes) == 0:
	case unwritten.Run == run:
		unwritten.dropWritten(written)
	default:
		unwritten.dropWritten(s.Records.writtenOf(unwritten.Run))
	}
	s.entries = s.Records.lastEntries(run, written)
}
