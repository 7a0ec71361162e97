package plan

import (
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// LeftNodes returns the UIDs of nodes that were observed before and are not any more. A node
// that the informer cache has not shown yet, as after a restart, has not left.
func LeftNodes(before []Node, now map[string]*Node) map[types.UID]bool {
	left := map[types.UID]bool{}
	for i := range before {
		if node := now[before[i].Name]; node == nil || node.UID != before[i].UID {
			left[before[i].UID] = true
		}
	}
	return left
}

// WithoutNodes returns the Records without the entries of nodes that left: no node has their UID
// again. Those of a page that is not full, or of none, are dropped later: the page is written
// as a whole. The API server keeps all.
func (r Records) WithoutNodes(left map[types.UID]bool) Records {
	if len(left) == 0 {
		return r
	}
	ofLeft := func(entry v1beta1.NodeRecord) bool { return left[entry.NodeUID] || r.left[entry.NodeUID] }
	pages, later := slices.Clone(r.Pages), map[types.UID]bool{}
	keep := func(entries []v1beta1.NodeRecord) {
		for i := range entries {
			if ofLeft(entries[i]) {
				later[entries[i].NodeUID] = true
			}
		}
	}
	keep(r.Unwritten.Nodes)
	for i, page := range pages {
		switch {
		case !page.Spec.Sealed:
			keep(page.Spec.Nodes)
		case slices.ContainsFunc(page.Spec.Nodes, ofLeft):
			kept := &v1beta1.JobRecord{TypeMeta: page.TypeMeta, ObjectMeta: page.ObjectMeta, Spec: page.Spec}
			// The second copy is no longer than what it holds.
			kept.Spec.Nodes = slices.Clone(slices.DeleteFunc(slices.Clone(page.Spec.Nodes), ofLeft))
			pages[i] = kept
		}
	}
	r.Pages, r.left = pages, later
	return r
}
