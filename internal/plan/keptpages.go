package plan

import (
	"slices"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// KeptPage returns a page of the API server's as the manager keeps it in memory: one that is
// sealed is never written again, and is kept without the outputs of its nodes.
func KeptPage(page *v1beta1.JobRecord) *v1beta1.JobRecord {
	kept := page.DeepCopy()
	if kept.Spec.Sealed {
		return withoutOutputs(kept)
	}
	return kept
}

// KeptPages orders the pages of a Job by their number, and returns them as the manager keeps
// them in memory. Only the last one may get further entries. It is written as a whole, and
// keeps its outputs until it is full. Entries of earlier runs do not count, and are not kept.
func KeptPages(pages []*v1beta1.JobRecord) []*v1beta1.JobRecord {
	kept := slices.Clone(pages)
	SortPages(kept)
	for i, page := range kept {
		switch {
		case page.Spec.Run != kept[len(kept)-1].Spec.Run:
			kept[i] = withoutEntries(page)
		case page.Spec.Sealed || i < len(kept)-1:
			kept[i] = withoutOutputs(page)
		}
	}
	return kept
}

// withoutEntries returns a page without its entries. It is marked as sealed, so that it is
// never written.
func withoutEntries(page *v1beta1.JobRecord) *v1beta1.JobRecord {
	kept := &v1beta1.JobRecord{TypeMeta: page.TypeMeta, ObjectMeta: page.ObjectMeta, Spec: page.Spec}
	kept.Spec.Sealed, kept.Spec.Nodes = true, nil
	return kept
}

// withoutOutputs returns a page without its outputs, and leaves the one given as it is. It is
// marked as sealed, so that it is never written: the API server has more of it.
func withoutOutputs(page *v1beta1.JobRecord) *v1beta1.JobRecord {
	hasOutput := func(entry v1beta1.NodeRecord) bool { return entry.Output != "" }
	if page.Spec.Sealed && !slices.ContainsFunc(page.Spec.Nodes, hasOutput) {
		return page
	}
	kept := &v1beta1.JobRecord{TypeMeta: page.TypeMeta, ObjectMeta: page.ObjectMeta, Spec: page.Spec}
	kept.Spec.Sealed = true
	kept.Spec.Nodes = slices.Clone(page.Spec.Nodes)
	for i := range kept.Spec.Nodes {
		kept.Spec.Nodes[i].Output = ""
	}
	return kept
}
