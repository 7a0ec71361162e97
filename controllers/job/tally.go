package job

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

// tally is the sum over all nodes of the pods of the current template.
type tally struct {
	gated, active, succeeded int
	// missing is how many nodes have no pod that counts: not made yet, refused,
	// being replaced, or lost.
	missing int
	// failedNodes, ordered by name; unnamed are failed nodes that no pod names.
	failedNodes []v1beta1.FailedNode
	unnamed     int
}

func (t *tally) failed() int { return len(t.failedNodes) + t.unnamed }

// count sums up the pods of the current template that are not being deleted.
// With expired, the nodes that are not done count as failed.
func count(nodes []observedPod, desired int, expired bool) tally {
	var t tally
	seen := 0
	for i := range nodes {
		n := &nodes[i]
		if !n.upToDate || n.terminating || n.state == lost {
			continue
		}
		seen++
		switch {
		case n.state == succeeded:
			t.succeeded++
		case n.state == failed:
			t.failedNodes = append(t.failedNodes, restartedTooOften(n))
		case expired:
			t.failedNodes = append(t.failedNodes, v1beta1.FailedNode{
				Node: n.name, Reason: v1beta1.ReasonDeadlineExceeded, ExitCode: n.exitCode,
				Message: withLog("not done when its time was over: "+shortened(n.activity, maxSentence), n.log),
			})
		case n.state == gated:
			t.gated++
		default:
			t.active++
		}
	}
	t.missing = max(0, desired-seen)
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

func restartedTooOften(n *observedPod) v1beta1.FailedNode {
	if n.Blocker.reason == v1beta1.ReasonExitedWithoutWord {
		return v1beta1.FailedNode{
			Node: n.name, Reason: v1beta1.ReasonExitedWithoutWord, ExitCode: n.exitCode,
			Message: withLog(n.Blocker.message, n.log),
		}
	}
	message := fmt.Sprintf("restarted %d times", n.restarts)
	if n.exitCode != nil {
		message += fmt.Sprintf(", ended last with exit code %d", *n.exitCode)
	}
	return v1beta1.FailedNode{
		Node: n.name, Reason: v1beta1.ReasonBackoffLimitExceeded, ExitCode: n.exitCode,
		Message: withLog(message, n.log),
	}
}

func withLog(message, log string) string {
	if last := tail(log, maxLog); last != "" {
		return message + "; its last lines:\n" + last
	}
	return message
}
