package plan

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
)

// Node is a node of the cluster, as far as it matters to a Job.
type Node struct {
	Name string
	// UID and Created are the node object's. A machine that joins again under the name of
	// another has another UID.
	UID     types.UID
	Created time.Time
	// Placement is what the DaemonSet controller does with the node.
	Placement daemonset.Placement
	// NotReadySince is when the node stopped being Ready, zero while it is Ready.
	NotReadySince time.Time
}

// ReadNode reads a node for the pods of one template.
func ReadNode(node *corev1.Node, placer *daemonset.Placer) Node {
	n := Node{Name: node.Name, UID: node.UID, Created: node.CreationTimestamp.Time, Placement: placer.Place(node)}
	for i := range node.Status.Conditions {
		if ready := &node.Status.Conditions[i]; ready.Type == corev1.NodeReady && ready.Status != corev1.ConditionTrue {
			n.NotReadySince = ready.LastTransitionTime.Time
		}
	}
	if n.Placement == daemonset.NotReady && n.NotReadySince.IsZero() {
		// A new node is tainted before its kubelet has reported a condition.
		n.NotReadySince = node.CreationTimestamp.Time
	}
	return n
}

// member is a node of the Job, with the pod that says most about its work, if any, and the
// entry that holds for it.
type member struct {
	node  *Node
	pod   *Pod
	entry *v1beta1.NodeRecord
	// state of the node's work, empty if nothing says anything about it.
	state PodState
	// triedAgain says that the node failed, and gets a fresh pod.
	triedAgain bool
}

// isFinished returns whether the Job does not wait for the node.
func (m *member) isFinished() bool {
	return m.state == Succeeded || m.state == Skipped || m.state == Failed && !m.triedAgain
}

// membership is which nodes the Job has.
type membership struct {
	members []member
	// leftOut nodes were not Ready before the Job started, and still are not.
	leftOut []*Node
	// tainted is how many nodes match, but for taints that the pods do not tolerate.
	tainted int
	// placed is how many nodes the DaemonSet controller gives a pod.
	placed int
}

// membership returns which nodes the Job has. They are computed from the nodes,
// and not from the pods: the pod of a node that was tainted, or that left, stays
// for a while and says nothing about the nodes that the Job has.
func (s *State) membership() membership {
	best := s.bestPods()
	m := membership{members: make([]member, 0, len(s.Nodes))}
	for i := range s.Nodes {
		node := &s.Nodes[i]
		pod := best[node]
		switch node.Placement {
		case daemonset.Excluded:
			continue
		case daemonset.Tainted:
			m.tainted++
			continue
		case daemonset.Placed:
			m.placed++
		}
		if s.leavesOut(node, pod) {
			m.leftOut = append(m.leftOut, node)
			continue
		}
		m.members = append(m.members, s.memberOf(node, pod))
	}
	return m
}

// memberOf returns a node of the Job. What is recorded of a node holds whatever becomes of
// its pod, unless the work of a node that failed succeeded after all.
func (s *State) memberOf(node *Node, pod *Pod) member {
	m := member{node: node, pod: pod, entry: s.entryOf(node)}
	if pod != nil {
		m.state = s.stateOf(pod)
		m.triedAgain = m.state == Failed && s.hasTriesLeft(s.tryOf(pod, node))
	}
	switch entry := m.entry; {
	case entry == nil:
	case entry.Result == v1beta1.RecordSkipped:
		m.state = Skipped
	case entry.Result == v1beta1.RecordSucceeded:
		m.state = Succeeded
	case m.state == Succeeded && !isFinal(entry):
	case !s.isTriedAgain(entry):
		m.state, m.triedAgain = Failed, false
	case pod == nil || pod.State == Gated || pod.UID == entry.PodUID:
		m.state, m.triedAgain = Failed, true
	}
	return m
}

// leavesOut returns whether the Job does not wait for a node: it was not Ready
// before the Job started, and its kubelet has started no pod of the Job since.
func (s *State) leavesOut(node *Node, pod *Pod) bool {
	if node.NotReadySince.IsZero() || (pod != nil && pod.Started) || s.entryOf(node) != nil {
		return false
	}
	start := s.startTime()
	return start == nil || !node.NotReadySince.After(start.Time)
}

// bestPods returns for each node the pod that says most about its work.
func (s *State) bestPods() map[*Node]*Pod {
	best := make(map[*Node]*Pod, len(s.Pods))
	for i := range s.Pods {
		pod := &s.Pods[i]
		if pod.on == nil || !s.counts(pod) {
			continue
		}
		if other := best[pod.on]; other == nil || rank[s.stateOf(pod)] > rank[s.stateOf(other)] {
			best[pod.on] = pod
		}
	}
	return best
}

// rank orders the states of two pods on a node, which the DaemonSet controller
// made by mistake and will reduce to one.
var rank = map[PodState]int{Failed: 1, Gated: 2, Active: 3, Succeeded: 4}
