package job

import (
	"maps"
	"slices"

	"github.com/darkowlzz/daemonset-job/internal/nodecache"
)

const (
	// maxNodeChanges is how many changes of nodes the index remembers at least. Who has seen none of
	// them reads all nodes again.
	maxNodeChanges = 1000
	// never is before the first version of the nodes.
	never = -1
)

// changed remembers that a node made the next version. The caller locks.
func (i *nodeIndex) changed(name string) {
	i.version++
	if len(i.changes) == 2*maxNodeChanges {
		i.changes = slices.Clone(i.changes[maxNodeChanges:])
	}
	i.changes = append(i.changes, name)
}

// since returns the nodes that changed since a version, and the names of those and of the ones that
// left. If it does not know, it returns all nodes and no names. A thousand Jobs on a large cluster
// would otherwise place each of its nodes again when one changes. The caller locks.
func (i *nodeIndex) since(version int64) (changed []*nodecache.Node, names map[string]bool) {
	n := i.version - version
	if n > int64(len(i.changes)) {
		return slices.Collect(maps.Values(i.nodes)), nil
	}
	names = make(map[string]bool, n)
	for _, name := range i.changes[int64(len(i.changes))-n:] {
		if names[name] {
			continue
		}
		names[name] = true
		if node := i.nodes[name]; node != nil {
			changed = append(changed, node)
		}
	}
	return changed, names
}
