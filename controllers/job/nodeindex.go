package job

import (
	"context"
	"maps"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	"github.com/darkowlzz/daemonset-job/internal/livelist"
	"github.com/darkowlzz/daemonset-job/internal/nodecache"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// nodeIndex holds the nodes of the informer cache. Its version says whether any of
// them changed, so that a Job computes the placement of its nodes only then.
type nodeIndex struct {
	mu      sync.Mutex
	version int64
	nodes   map[string]*nodecache.Node
	// changes are the names of the nodes that made the last versions, that of the present one last.
	changes []string
	// read are the nodes as Jobs share them, as of readVersion. Nobody changes a map that was given away.
	read        map[string]*plan.Node
	readVersion int64
	// replaced keeps what nodes said before they changed, while a live list is open.
	replaced livelist.Replaced[*nodecache.Node]
}

func newNodeIndex() *nodeIndex { return &nodeIndex{nodes: map[string]*nodecache.Node{}} }

// handler updates the index, and enqueues every Job when a node has changed.
func (i *nodeIndex) handler(states *jobStates) handler.EventHandler {
	enqueue := func(q queue) {
		for _, name := range states.names() {
			enqueueBatched(name, q)
		}
	}
	update := func(o client.Object, q queue) {
		if node := cachedNode(o); node != nil && i.update(node) {
			enqueue(q)
		}
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q queue) { update(e.Object, q) },
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q queue) { update(e.ObjectNew, q) },
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, q queue) {
			i.remove(e.Object.GetName())
			enqueue(q)
		},
	}
}

// cachedNode returns a node as the informer cache holds it, nil for another object.
func cachedNode(o client.Object) *nodecache.Node {
	switch node := o.(type) {
	case *nodecache.Node:
		return node
	case *corev1.Node:
		return nodecache.Of(node)
	}
	return nil
}

// update stores a node, and returns whether it changed in a way that matters.
func (i *nodeIndex) update(node *nodecache.Node) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	before := i.nodes[node.GetName()]
	i.nodes[node.GetName()] = node
	if before != nil {
		i.replaced.Add(before)
		if before.SaysTheSame(node) {
			return false
		}
	}
	i.changed(node.GetName())
	return true
}

func (i *nodeIndex) remove(name string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if before := i.nodes[name]; before != nil {
		i.replaced.Add(before)
	}
	delete(i.nodes, name)
	i.changed(name)
}

// all returns all nodes by name, each Excluded.
func (i *nodeIndex) all() map[string]*plan.Node {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.read != nil && i.readVersion == i.version {
		return i.read
	}
	changed, names := i.since(i.readVersion)
	all := make(map[string]*plan.Node, len(i.nodes))
	if names != nil {
		maps.Copy(all, i.read)
	}
	for name := range names {
		delete(all, name)
	}
	read := placeNodes(changed, daemonset.NewPlacer(&plan.AnyNode))
	for k := range read {
		read[k].Placement = daemonset.Excluded
		all[read[k].Name] = &read[k]
	}
	i.read, i.readVersion = all, i.version
	return all
}

// placedNodes are the nodes that one template does not exclude.
type placedNodes struct {
	version    int64
	generation int64
	nodes      []plan.Node
}

// place returns the nodes that a DaemonSet does not exclude, with their placement, computed again
// when a node or the DaemonSet has changed.
func (i *nodeIndex) place(last *placedNodes, template *corev1.PodTemplateSpec, generation int64) []plan.Node {
	before, since := last.nodes, last.version
	if before == nil || last.generation != generation {
		before, since = nil, never
	}
	i.mu.Lock()
	version := i.version
	if before != nil && since == version {
		i.mu.Unlock()
		return before
	}
	changed, names := i.since(since)
	i.mu.Unlock()
	if names == nil {
		before = nil
	}
	placer := daemonset.NewPlacer(template)
	placed := slices.DeleteFunc(placeNodes(selected(changed, placer), placer), func(node plan.Node) bool { return node.Placement == daemonset.Excluded })
	// Of many Jobs on a large cluster, each has few of its nodes: no memory is left unused.
	nodes := make([]plan.Node, 0, len(before)+len(placed))
	for k := range before {
		if !names[before[k].Name] {
			nodes = append(nodes, before[k])
		}
	}
	*last = placedNodes{version: version, generation: generation, nodes: append(nodes, placed...)}
	return last.nodes
}

// inVersions returns the nodes that are as the API server has listed them, and the other versions of the list.
func (i *nodeIndex) inVersions(listed []livelist.Version) (nodes []*nodecache.Node, stale []livelist.Version) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return livelist.Compare(listed, i.nodes, &i.replaced)
}

// notListed returns the names of nodes that a list lacks although they are the Job's own or have a pod of
// it: they were relabelled, so that work may go on there, or are gone.
func notListed(listed []livelist.Version, own []plan.Node, pods []plan.Pod) (names []string) {
	known := make(map[string]bool, len(listed))
	for _, v := range listed {
		known[v.Name] = true
	}
	ask := func(name string) {
		if name != "" && !known[name] {
			known[name], names = true, append(names, name)
		}
	}
	for k := range own {
		ask(own[k].Name)
	}
	for k := range pods {
		ask(pods[k].Node)
	}
	return names
}

// selected drops the nodes that a template excludes by their labels. It needs a tenth of the time that
// their placement needs.
func selected(nodes []*nodecache.Node, placer *daemonset.Placer) []*nodecache.Node {
	selector := placer.Selector()
	return slices.DeleteFunc(nodes, func(node *nodecache.Node) bool { return !selector.Matches(node.Labels()) })
}

// placeNodes returns cached nodes with their placement. Each is read through the same object.
func placeNodes(nodes []*nodecache.Node, placer *daemonset.Placer) []plan.Node {
	read, whole := make([]plan.Node, 0, len(nodes)), &corev1.Node{}
	for _, node := range nodes {
		node.Into(whole)
		read = append(read, plan.ReadNode(whole, placer))
	}
	return read
}
