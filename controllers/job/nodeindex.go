package job

import (
	"context"
	"maps"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// nodeIndex holds the nodes of the informer cache. Its version says whether any of
// them changed, so that a Job computes the placement of its nodes only then.
type nodeIndex struct {
	mu      sync.Mutex
	version int64
	nodes   map[string]*corev1.Node
}

func newNodeIndex() *nodeIndex { return &nodeIndex{nodes: map[string]*corev1.Node{}} }

// handler updates the index, and enqueues every Job when a node has changed.
func (i *nodeIndex) handler(states *jobStates) handler.EventHandler {
	enqueue := func(q queue) {
		for _, name := range states.names() {
			enqueueBatched(name, q)
		}
	}
	update := func(o client.Object, q queue) {
		if node, ok := o.(*corev1.Node); ok && i.update(node) {
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

// update stores a node, and returns whether it changed in a way that matters.
func (i *nodeIndex) update(node *corev1.Node) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	before := i.nodes[node.Name]
	i.nodes[node.Name] = node
	if before != nil && sameNode(before, node) {
		return false
	}
	i.version++
	return true
}

func (i *nodeIndex) remove(name string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.nodes, name)
	i.version++
}

// snapshot returns the nodes and their version.
func (i *nodeIndex) snapshot() ([]*corev1.Node, int64) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Collect(maps.Values(i.nodes)), i.version
}

// sameNode returns whether nothing of a node changed that a Job depends on.
func sameNode(a, b *corev1.Node) bool {
	return a.UID == b.UID && maps.Equal(a.Labels, b.Labels) && equality.Semantic.DeepEqual(a.Spec.Taints, b.Spec.Taints) &&
		equality.Semantic.DeepEqual(a.Status.Conditions, b.Status.Conditions)
}

// stripNode is a cache transform. It keeps of a node what decides on the placement
// of pods: name, UID, labels, taints, and the condition Ready without its heartbeat.
func stripNode(object any) (any, error) {
	node, ok := object.(*corev1.Node)
	if !ok {
		return object, nil
	}
	stripped := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: node.Name, UID: node.UID, ResourceVersion: node.ResourceVersion,
			CreationTimestamp: node.CreationTimestamp, Labels: node.Labels},
		Spec: corev1.NodeSpec{Taints: node.Spec.Taints},
	}
	for i := range node.Status.Conditions {
		if c := &node.Status.Conditions[i]; c.Type == corev1.NodeReady {
			stripped.Status.Conditions = []corev1.NodeCondition{{Type: c.Type, Status: c.Status, LastTransitionTime: c.LastTransitionTime}}
		}
	}
	return stripped, nil
}

// placedNodes are the nodes as the pods of one template see them.
type placedNodes struct {
	version    int64
	generation int64
	nodes      []plan.Node
}

// place returns the nodes with their placement for a DaemonSet, computed again when
// a node or the DaemonSet has changed.
func (i *nodeIndex) place(last *placedNodes, template *corev1.PodTemplateSpec, generation int64) []plan.Node {
	i.mu.Lock()
	version := i.version
	i.mu.Unlock()
	if last.nodes != nil && last.version == version && last.generation == generation {
		return last.nodes
	}
	nodes, version := i.snapshot()
	*last = placedNodes{version: version, generation: generation, nodes: readNodes(nodes, template)}
	return last.nodes
}

func readNodes(nodes []*corev1.Node, template *corev1.PodTemplateSpec) []plan.Node {
	placer, read := daemonset.NewPlacer(template), make([]plan.Node, 0, len(nodes))
	for _, node := range nodes {
		read = append(read, plan.ReadNode(node, placer))
	}
	return read
}
