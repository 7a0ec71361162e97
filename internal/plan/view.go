package plan

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
)

// NodeState is how far a node is, in a word for a person.
type NodeState string

const (
	// NodeWaiting is a node that has not started: its pod is gated, or is not made yet.
	NodeWaiting NodeState = "Waiting"
	// NodeWorking is a node whose pod has started, or may start at any moment.
	NodeWorking NodeState = "Working"
	// NodeDone is a node whose work is done.
	NodeDone NodeState = "Done"
	// NodeFailed is a node that counts as failed.
	NodeFailed NodeState = "Failed"
	// NodeRetried is a node that failed, and gets a fresh pod.
	NodeRetried NodeState = "Retried"
	// NodeSkipped is a node that a rule of nodeFailurePolicy skips.
	NodeSkipped NodeState = "Skipped"
	// NodeLeftOut is a node that was not Ready before the Job started, and still is not.
	NodeLeftOut NodeState = "LeftOut"
	// NodeNotRun is a node on which the Job ended before it was done.
	NodeNotRun NodeState = "NotRun"
)

// NodeView is what is known of a node of a Job, for a person.
type NodeView struct {
	Node  string
	State NodeState
	// Attempts is how often the work was started on the node by its last pod.
	Attempts int32
	// ExitCode of the container that ended last, nil if none ended.
	ExitCode *int32
	// Since is when the state began, zero if nothing says when.
	Since time.Time
	// Why says what keeps the node, or why it failed. Lines follow if the container printed some.
	Why string
	// Pod is the one that says most about the work, nil if there is none.
	Pod *Pod
	// Entry is the one that holds for the node, nil if it is not recorded.
	Entry *v1beta1.NodeRecord
}

// View returns what is known of each node of the Job, in the order of s.Nodes. It says what the
// manager's next status would, and of a finished Job what its verdict did. What the manager
// has not recorded yet is read from the pods.
func View(s State) []NodeView {
	s.index()
	best := s.bestPods()
	over, expired := s.Job.Finished() != nil, s.Job.Finished() == nil && s.expired()
	var views []NodeView
	for i := range s.Nodes {
		node := &s.Nodes[i]
		pod := best[node]
		switch {
		case node.Placement == daemonset.Excluded, node.Placement == daemonset.Tainted:
		case s.leavesOut(node, pod):
			views = append(views, NodeView{Node: node.Name, State: NodeLeftOut, Since: node.NotReadySince, Why: "not Ready since before the Job started"})
		default:
			m := s.memberOf(node, pod)
			views = append(views, s.view(&m, over, expired))
		}
	}
	return views
}

func (s *State) view(m *member, over, expired bool) NodeView {
	v := NodeView{Node: m.node.Name, Pod: m.pod, Entry: m.entry}
	if pod := m.pod; pod != nil {
		v.Attempts, v.ExitCode, v.Since = attempts(pod), pod.ExitCode, pod.ScheduledAt
	} else if m.entry != nil {
		v.Attempts, v.ExitCode = m.entry.Attempts, m.entry.ExitCode
	}
	last := s.lastFailure(m.node.Name)
	switch {
	case m.state == Succeeded:
		v.State, v.ExitCode, v.Since = NodeDone, new(int32(0)), endOf(m)
	case m.state == Skipped:
		v.State, v.ExitCode, v.Since, v.Why = NodeSkipped, m.entry.ExitCode, endOf(m), "a rule of nodeFailurePolicy skips it"
	case m.state == Failed && m.triedAgain && !expired && !over:
		v.State, v.Since, v.Why = NodeRetried, endOf(m), fmt.Sprintf("%s; it is tried again", s.failedNode(m).Message)
	case m.state == Failed:
		v.fail(s.failedNode(m), endOf(m))
	case over && last != nil:
		v.fail(*last, time.Time{})
	case expired:
		v.fail(deadlineExceeded(m), time.Time{})
	case over:
		v.State, v.Why = NodeNotRun, "the Job was over before it was done"
	case m.state == Active:
		v.State, v.Why = NodeWorking, atWork(m.pod)
	default:
		v.State, v.Since, v.Why = NodeWaiting, time.Time{}, s.whyWaiting(m)
	}
	return v
}

func (v *NodeView) fail(failed v1beta1.FailedNode, at time.Time) {
	v.State, v.ExitCode, v.Since, v.Why = NodeFailed, failed.ExitCode, at, failed.Reason+": "+failed.Message
}

// lastFailure returns what the status says of a failed node, nil if it does not name it.
func (s *State) lastFailure(node string) *v1beta1.FailedNode {
	for i := range s.Job.Status.FailedNodes {
		if failed := &s.Job.Status.FailedNodes[i]; failed.Node == node && !s.templateChanged() {
			return failed
		}
	}
	return nil
}

// atWork says in words what a pod does that has started, or may. One in Exit mode is pending, as
// the kubelet sees it, until its work is done.
func atWork(pod *Pod) string {
	if pod.Started && pod.Blocker.Reason == "" && !pod.Terminating {
		return "running"
	}
	return pod.Activity
}

func (s *State) whyWaiting(m *member) string {
	switch {
	case !m.node.NotReadySince.IsZero():
		return "the node is not Ready"
	case s.suspended():
		return "the Job is suspended"
	case m.pod == nil:
		return "no pod yet"
	}
	return m.pod.Activity
}

// endOf returns when the work on a node ended, zero if nothing says when.
func endOf(m *member) time.Time {
	switch {
	case m.entry != nil && m.entry.EndTime != nil:
		return m.entry.EndTime.Time
	case m.pod != nil:
		return m.pod.EndedAt
	}
	return time.Time{}
}

// IsResumed returns whether the user resumed a Job that holds itself or failed, and the manager
// has not answered yet: what the status says is about to change.
func IsResumed(job *v1beta1.Job) bool { return (&State{Job: job}).resumedByAnnotation() }

// Work returns the statuses of the containers of a pod that do the work, in the order in which
// they run.
func Work(pod *corev1.Pod) []*corev1.ContainerStatus {
	return workStatuses(pod, v1beta1.PodCompletesByLog(&pod.Spec))
}
