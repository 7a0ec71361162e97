package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// maxNamedNodes is how many failed nodes a status names, and how many left-out ones.
const maxNamedNodes = 100

// tally is the sum over the nodes of the Job.
type tally struct {
	membership
	gated, active, succeeded, skipped int
	// missing are the nodes without a pod that counts: it is not made yet, was
	// refused, is being replaced, or is lost.
	missing int
	// triedAgain are the failed nodes that wait for a fresh pod, or for their turn.
	triedAgain int
	// failures are ordered by the node's name.
	failures []failure
}

// failure is a node that counts as failed.
type failure struct {
	v1beta1.FailedNode
	member *member
}

func (t *tally) desired() int { return len(t.members) }

func (t *tally) failed() int { return len(t.failures) }

// failedNodes returns the failed nodes that a status names.
func (t *tally) failedNodes() []v1beta1.FailedNode {
	var named []v1beta1.FailedNode
	for i := range t.failures[:min(len(t.failures), maxNamedNodes)] {
		named = append(named, t.failures[i].FailedNode)
	}
	return named
}

// tally sums up the nodes of the Job. When the deadline has passed, the nodes that
// are not done count as failed.
func (s *State) tally() tally {
	t, expired := tally{membership: s.membership()}, s.expired()
	for i := range t.members {
		m := &t.members[i]
		switch {
		case m.state == Succeeded:
			t.succeeded++
		case m.state == Skipped:
			t.skipped++
		case m.triedAgain && !expired:
			t.triedAgain++
		case m.state == Failed:
			t.failures = append(t.failures, failure{s.failedNode(m), m})
		case expired:
			t.failures = append(t.failures, failure{deadlineExceeded(m), m})
		case m.state == Gated:
			t.gated++
		case m.state == Active:
			t.active++
		default:
			t.missing++
		}
	}
	slices.SortFunc(t.failures, func(a, b failure) int { return strings.Compare(a.Node, b.Node) })
	return t
}

// failedNode says why a node failed: by its pod, or by its entry once the pod is gone. The
// last status may still have what the pod printed.
func (s *State) failedNode(m *member) v1beta1.FailedNode {
	if pod := m.pod; pod != nil {
		switch recorded := m.entry != nil && m.entry.PodUID == pod.UID; {
		case recorded && m.entry.Reason == v1beta1.ReasonNodeDeadlineExceeded:
			return s.nodeDeadlineExceeded(pod)
		case recorded && m.entry.Reason == v1beta1.ReasonNodeFailurePolicy && m.entry.ExitCode != nil:
			return stoppedByRule(pod, *m.entry.ExitCode)
		case s.stateOf(pod) == Failed:
			return backoffLimitExceeded(pod)
		}
	}
	for i := range s.Job.Status.FailedNodes {
		if last := &s.Job.Status.FailedNodes[i]; last.Node == m.node.Name && last.Reason == m.entry.Reason && !s.templateChanged() {
			return *last
		}
	}
	return v1beta1.FailedNode{Node: m.node.Name, Reason: m.entry.Reason, ExitCode: m.entry.ExitCode,
		Message: fmt.Sprintf("failed at attempt %d, and was stopped", m.entry.Attempts)}
}

func deadlineExceeded(m *member) v1beta1.FailedNode {
	failed := v1beta1.FailedNode{Node: m.node.Name, Reason: v1beta1.ReasonDeadlineExceeded, Message: "no pod was running when its time was over"}
	if m.pod != nil {
		failed.ExitCode = m.pod.ExitCode
		failed.Message = withLog("not done when its time was over: "+Shorten(m.pod.Activity, MaxSentence), m.pod.Log)
	}
	return failed
}

func backoffLimitExceeded(pod *Pod) v1beta1.FailedNode {
	failed := v1beta1.FailedNode{Node: pod.Node, Reason: v1beta1.ReasonBackoffLimitExceeded, ExitCode: pod.ExitCode}
	message := fmt.Sprintf("restarted %d times", pod.Restarts)
	switch {
	case pod.Blocker.Reason == v1beta1.ReasonExitedWithoutWord:
		failed.Reason, message = pod.Blocker.Reason, pod.Blocker.Message
	case pod.ExitCode != nil:
		message += fmt.Sprintf(", ended last with exit code %d", *pod.ExitCode)
	}
	failed.Message = withLog(message, pod.Log)
	return failed
}

// lastLines is between what happened and what a container printed last.
const lastLines = "; its last lines:\n"

func withLog(message, log string) string {
	if last := Tail(log, MaxLog); last != "" {
		return message + lastLines + last
	}
	return message
}
