package plan

import (
	"fmt"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
)

// Result is what becomes of a Job.
type Result string

const (
	// Undecided Jobs go on.
	Undecided Result = ""
	// Complete says that every node is done, or failed and tolerated.
	Complete Result = "complete"
	// Fail says that more nodes failed than the Job tolerates, and that it ends.
	Fail Result = "fail"
	// Hold says that more nodes failed than the Job tolerates, and that the manager
	// suspends it.
	Hold Result = "hold"
)

// Outcome is the result for a Job, with the reason and message of its condition.
type Outcome struct {
	Result          Result
	Reason, Message string
}

// ends returns whether the outcome stops nodes that are at work.
func (o Outcome) ends() bool { return o.Result == Fail || o.Result == Hold }

// evaluate returns what becomes of a Job without a verdict. Failures come first: a
// Job with too many failed nodes is never Complete.
//
// A Job is Complete only if the DaemonSet controller has observed its generation,
// a node matches, every node that matches has a pod, and each pod of the present
// template is done. Each pod is checked besides their number: a node that left
// may still have its pod, done, while a node that joined has not begun.
func evaluate(s *State, t *tally) Outcome {
	spec, expired := &s.Job.Spec, s.expired()
	if neverEnds(spec) {
		return Outcome{}
	}
	if expired && t.desired == 0 {
		return failing(spec, v1beta1.ReasonDeadlineExceeded, "the deadline passed before any node was to do the work")
	}
	if !daemonset.UpToDate(s.DaemonSet, s.TemplateHash) && !expired {
		return Outcome{}
	}
	if tolerated := toleratedFailures(spec, t.desired); t.failed() > tolerated {
		reason := v1beta1.ReasonMaxFailedNodesExceeded
		if expired {
			reason = v1beta1.ReasonDeadlineExceeded
		}
		return failing(spec, reason, failures(t, tolerated, expired))
	}
	switch {
	case t.desired == 0, t.gated > 0, t.active > 0,
		t.succeeded+t.failed() < t.desired,
		!expired && int(s.DaemonSet.Status.CurrentNumberScheduled) < t.desired:
		return Outcome{}
	case t.failed() > 0:
		return Outcome{Complete, v1beta1.ReasonFailuresTolerated,
			fmt.Sprintf("%d of %s done, %d failed, which the Job tolerates", t.succeeded, nodeCount(t.desired), t.failed())}
	}
	return Outcome{Complete, v1beta1.ReasonAllNodesDone, fmt.Sprintf("%s done", nodeCount(t.desired))}
}

// failing returns the outcome for a Job with too many failed nodes. A suspended
// Job stays suspended until the user resumes it.
func failing(spec *v1beta1.JobSpec, reason, message string) Outcome {
	if spec.OnFailure != v1beta1.FailureActionSuspend {
		return Outcome{Fail, reason, message}
	}
	if spec.Suspend != nil && *spec.Suspend {
		return Outcome{}
	}
	return Outcome{Hold, reason, message}
}

func failures(t *tally, tolerated int, expired bool) string {
	message := fmt.Sprintf("%d of %s failed, more than the %d that the Job tolerates", t.failed(), nodeCount(t.desired), tolerated)
	if expired {
		message = "the deadline passed: " + message
	}
	if len(t.failedNodes) > 0 {
		first := &t.failedNodes[0]
		message += fmt.Sprintf(" (%s: %s)", first.Node, Shorten(first.Message, MaxSentence))
	}
	if t.unnamed > 0 {
		message += fmt.Sprintf("; no pod was running on %s", nodeCount(t.unnamed))
	}
	return message
}
