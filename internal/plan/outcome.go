package plan

import (
	"fmt"
	"time"

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
	// Hold says that more nodes failed than the Job tolerates, and that it starts no
	// further node until the user resumes it.
	Hold Result = "hold"
)

// Outcome is the result for a Job, with the reason and message of its condition.
type Outcome struct {
	Result          Result
	Reason, Message string
	// Withheld says that a verdict is due, and that the page which must come before it is
	// refused. The Job is Undecided, and starts nothing more.
	Withheld bool
}

// evaluate returns what becomes of a Job without a verdict. Failures come first: a
// Job with too many failed nodes is never Complete.
//
// A Job is Complete only if it has a node and each of its nodes is done, by name. The
// DaemonSet controller must have observed the present generation and count as many
// nodes: otherwise one of both has not observed a node yet, and the manager waits.
func evaluate(s *State, t *tally) Outcome {
	spec, expired := &s.Job.Spec, s.expired()
	if m := s.failsJob(t); m != nil {
		return Outcome{Result: Fail, Reason: v1beta1.ReasonNodeFailurePolicy, Message: fmt.Sprintf(
			"%s ended with exit code %d, for which nodeFailurePolicy fails the Job; %s", m.node.Name, *m.entry.ExitCode, t.progress())}
	}
	if neverEnds(spec) {
		return Outcome{}
	}
	if expired && t.desired() == 0 {
		return s.failing(v1beta1.ReasonDeadlineExceeded, "the deadline passed before any node was to do the work")
	}
	if !daemonset.UpToDate(s.DaemonSet, s.TemplateHash) && !expired {
		return Outcome{}
	}
	if tolerated := toleratedFailures(spec, t.desired()); t.failed() > tolerated {
		reason := v1beta1.ReasonMaxFailedNodesExceeded
		if expired {
			reason = v1beta1.ReasonDeadlineExceeded
		}
		return s.failing(reason, failures(t, tolerated, expired))
	}
	switch {
	case t.desired() == 0, t.succeeded+t.skipped+t.failed() < t.desired(),
		!expired && int(s.DaemonSet.Status.DesiredNumberScheduled) != t.placed:
		return Outcome{}
	case t.failed() > 0:
		return Outcome{Result: Complete, Reason: v1beta1.ReasonFailuresTolerated,
			Message: fmt.Sprintf("%d of %s done%s, %d failed, which the Job tolerates%s", t.succeeded, nodeCount(t.desired()), t.skips(), t.failed(), t.others())}
	case t.skipped > 0:
		return Outcome{Result: Complete, Reason: v1beta1.ReasonAllNodesDone, Message: fmt.Sprintf("%d done%s%s", t.succeeded, t.skips(), t.others())}
	case len(t.leftOut) > 0:
		return Outcome{Result: Complete, Reason: v1beta1.ReasonAllNodesDone,
			Message: fmt.Sprintf("%d of %s done%s", t.succeeded, nodeCount(t.desired()+len(t.leftOut)), t.others())}
	}
	return Outcome{Result: Complete, Reason: v1beta1.ReasonAllNodesDone, Message: fmt.Sprintf("%s done%s", nodeCount(t.desired()), t.others())}
}

// skips says how many nodes are skipped, in a clause that begins with a comma.
func (t *tally) skips() string {
	if t.skipped == 0 {
		return ""
	}
	return fmt.Sprintf(", %d skipped", t.skipped)
}

// others says which nodes the Job left out, for the message of a verdict.
func (t *tally) others() string {
	var text string
	if n := len(t.leftOut); n > 0 {
		first := t.leftOut[0]
		text = fmt.Sprintf(", %d left out: %s NotReady since %s", n, first.Name, first.NotReadySince.UTC().Format(time.RFC3339))
		if n > 1 {
			text += fmt.Sprintf(" and %d more", n-1)
		}
	}
	if t.tainted > 0 {
		text += fmt.Sprintf(", %s with taints that are not tolerated", nodeCount(t.tainted))
	}
	return text
}

// failing returns the outcome for a Job with too many failed nodes. A suspended
// Job stays suspended until the user resumes it.
func (s *State) failing(reason, message string) Outcome {
	switch {
	case s.Job.Spec.OnFailure != v1beta1.FailureActionSuspend:
		return Outcome{Result: Fail, Reason: reason, Message: message}
	case s.suspended():
		return Outcome{}
	}
	return Outcome{Result: Hold, Reason: reason, Message: message}
}

func failures(t *tally, tolerated int, expired bool) string {
	message := fmt.Sprintf("%d of %s failed, more than the %d that the Job tolerates", t.failed(), nodeCount(t.desired()), tolerated)
	if expired {
		message = "the deadline passed: " + message
	}
	if len(t.failures) > 0 {
		first := &t.failures[0]
		message += fmt.Sprintf(" (%s: %s)", first.Node, Shorten(first.Message, MaxSentence))
	}
	return message + t.others()
}
