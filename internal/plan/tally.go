package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// maxFailedNodes is how many failed nodes a status names.
const maxFailedNodes = 100

// maxLog is how much of a failed container's log a status holds, in bytes.
const maxLog = 1024

// tally is the sum over the pods of the present template.
type tally struct {
	desired                  int
	gated, active, succeeded int
	// missing are the nodes without a pod that counts: it is not made yet, was
	// refused, is being replaced, or is lost.
	missing int
	// failedNodes are ordered by name. unnamed are failed nodes without a pod.
	failedNodes []v1beta1.FailedNode
	unnamed     int
}

func (t *tally) failed() int { return len(t.failedNodes) + t.unnamed }

// tally sums up the pods of the present template that are not terminating. When
// the deadline has passed, the nodes that are not done count as failed.
func (s *State) tally() tally {
	t, seen, expired := tally{desired: s.desiredNodes()}, 0, s.expired()
	for i := range s.Pods {
		pod := &s.Pods[i]
		state := s.stateOf(pod)
		if !s.upToDate(pod) || pod.Terminating || state == Lost {
			continue
		}
		seen++
		switch {
		case state == Succeeded:
			t.succeeded++
		case state == Failed:
			t.failedNodes = append(t.failedNodes, backoffLimitExceeded(pod))
		case expired:
			t.failedNodes = append(t.failedNodes, deadlineExceeded(pod))
		case state == Gated:
			t.gated++
		default:
			t.active++
		}
	}
	t.missing = max(0, t.desired-seen)
	if expired {
		t.unnamed = t.missing
	}
	slices.SortFunc(t.failedNodes, func(a, b v1beta1.FailedNode) int {
		return cmp.Or(strings.Compare(a.Node, b.Node), strings.Compare(a.Message, b.Message))
	})
	// A node has two pods for a moment when the DaemonSet controller made one too many.
	t.failedNodes = slices.CompactFunc(t.failedNodes, func(a, b v1beta1.FailedNode) bool { return a.Node == b.Node })
	return t
}

func deadlineExceeded(pod *Pod) v1beta1.FailedNode {
	return v1beta1.FailedNode{
		Node: pod.Node, Reason: v1beta1.ReasonDeadlineExceeded, ExitCode: pod.ExitCode,
		Message: withLog("not done when its time was over: "+Shorten(pod.Activity, MaxSentence), pod.Log),
	}
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

func withLog(message, log string) string {
	if last := tail(log, maxLog); last != "" {
		return message + "; its last lines:\n" + last
	}
	return message
}
