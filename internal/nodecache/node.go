// Package nodecache makes cached nodes small. A node of a cloud has twenty kilobytes, of which
// its images, conditions and managed fields are the most, and a cluster has thousands.
package nodecache

import (
	"slices"
	"strings"
	"unique"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/internal/cachedmeta"
)

var (
	_ cache.TransformFunc = Strip
	_ client.Object       = &Node{}
)

// Node is what decides on the placement of pods on a node: name, UID, labels, taints, and the
// condition Ready without its heartbeat. Nobody changes one.
type Node struct {
	cachedmeta.Absent
	name, version string
	uid           types.UID
	created       metav1.Time
	taints        []corev1.Taint
	// ready is the condition Ready, nil before the kubelet has reported it.
	ready *readiness
	// labels are ordered by their keys. Most nodes have most of them in common, so that each
	// pair of key and value is stored once.
	labels []unique.Handle[label]
}

type label struct{ key, value string }

type readiness struct {
	status corev1.ConditionStatus
	since  metav1.Time
}

// Strip is a cache transform. It returns a Node, and other objects unchanged.
func Strip(object any) (any, error) {
	if node, ok := object.(*corev1.Node); ok {
		return Of(node), nil
	}
	return object, nil
}

// Of returns what is kept of a node.
func Of(node *corev1.Node) *Node {
	n := &Node{name: node.Name, version: node.ResourceVersion, uid: node.UID, created: node.CreationTimestamp, taints: node.Spec.Taints}
	for i := range node.Status.Conditions {
		if c := &node.Status.Conditions[i]; c.Type == corev1.NodeReady {
			n.ready = &readiness{status: knownStatus(c.Status), since: c.LastTransitionTime}
		}
	}
	if len(node.Labels) == 0 {
		return n
	}
	pairs := make([]label, 0, len(node.Labels))
	for key, value := range node.Labels {
		pairs = append(pairs, label{key, value})
	}
	slices.SortFunc(pairs, func(a, b label) int { return strings.Compare(a.key, b.key) })
	n.labels = make([]unique.Handle[label], len(pairs))
	for i, pair := range pairs {
		n.labels[i] = unique.Make(pair)
	}
	return n
}

// knownStatus returns the status as the constant of its value, which takes no memory.
func knownStatus(status corev1.ConditionStatus) corev1.ConditionStatus {
	for _, known := range []corev1.ConditionStatus{corev1.ConditionTrue, corev1.ConditionFalse, corev1.ConditionUnknown} {
		if status == known {
			return known
		}
	}
	return status
}

// SaysTheSame returns whether nothing of a node changed that a Job depends on.
func (n *Node) SaysTheSame(other *Node) bool {
	switch {
	case n.uid != other.uid, (n.ready == nil) != (other.ready == nil), !slices.Equal(n.labels, other.labels):
		return false
	case n.ready != nil && (n.ready.status != other.ready.status || !n.ready.since.Equal(&other.ready.since)):
		return false
	}
	return equality.Semantic.DeepEqual(n.taints, other.taints)
}

// Into writes what is kept into a node. It uses the node's labels and conditions again, so that
// thousands of nodes are read with one. They are those of this Node until the next call.
func (n *Node) Into(node *corev1.Node) {
	labels, conditions := node.Labels, node.Status.Conditions[:0]
	if labels == nil {
		labels = make(map[string]string, len(n.labels))
	}
	clear(labels)
	for _, handle := range n.labels {
		pair := handle.Value()
		labels[pair.key] = pair.value
	}
	if n.ready != nil {
		conditions = append(conditions, corev1.NodeCondition{Type: corev1.NodeReady, Status: n.ready.status, LastTransitionTime: n.ready.since})
	}
	node.ObjectMeta = metav1.ObjectMeta{Name: n.name, UID: n.uid, ResourceVersion: n.version, CreationTimestamp: n.created, Labels: labels}
	node.Spec.Taints, node.Status.Conditions = n.taints, conditions
}

// GetNamespace implements metav1.Object: a node has none.
func (n *Node) GetNamespace() string { return "" }

// GetName implements metav1.Object.
func (n *Node) GetName() string { return n.name }

// GetUID implements metav1.Object.
func (n *Node) GetUID() types.UID { return n.uid }

// GetResourceVersion implements metav1.Object.
func (n *Node) GetResourceVersion() string { return n.version }

// GetCreationTimestamp implements metav1.Object.
func (n *Node) GetCreationTimestamp() metav1.Time { return n.created }

// GetDeletionTimestamp implements metav1.Object: a node that is being deleted is still there.
func (n *Node) GetDeletionTimestamp() *metav1.Time { return nil }

// GetLabels implements metav1.Object.
func (n *Node) GetLabels() map[string]string {
	labels := make(map[string]string, len(n.labels))
	for _, handle := range n.labels {
		labels[handle.Value().key] = handle.Value().value
	}
	return labels
}

// DeepCopyObject implements runtime.Object.
func (n *Node) DeepCopyObject() runtime.Object {
	c := *n
	return &c
}
