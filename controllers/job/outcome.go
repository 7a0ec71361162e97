package job

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// outcome is what becomes of a Job.
type Result string

const (
	// goOn: nothing is decided yet.
	undecided Result = ""
	// complete: every node is done, or failed and tolerated.
	complete Result = "complete"
	// fail: more nodes failed than tolerated, and the Job ends.
	fail Result = "fail"
	// hold: more nodes failed than tolerated, and the manager suspends the Job.
	hold Result = "hold"
)

// verdict is an outcome, and why.
type Outcome struct {
	Result          Result
	reason, message string
}

// judge decides what becomes of a Job that is not finished. The order of
// evaluation: failures first, then completion, so that a Job with too many failed
// nodes is never Complete.
//
// A Job is complete only if the DaemonSet controller has caught up, a node
// matches, every node that matches has a pod, and each pod of the current
// template is done. The pods are looked at one by one, beside the number: a node
// that left may still have its pod, done, while a node that joined has not begun.
func evaluate(f *State, t *tally, expired bool) Outcome {
	spec, ds := &f.job.Spec, f.daemonSet
	if neverEnds(spec) {
		return Outcome{}
	}
	desired := desiredNodes(ds)
	if expired && desired == 0 {
		return failing(spec, v1beta1.ReasonDeadlineExceeded, "the deadline passed before any node was to do the work")
	}
	if !isUpToDate(ds, f.hash) && !expired {
		return Outcome{}
	}
	if tolerated := toleratedFailures(spec, desired); t.failed() > tolerated {
		reason := v1beta1.ReasonMaxFailedNodesExceeded
		if expired {
			reason = v1beta1.ReasonDeadlineExceeded
		}
		return failing(spec, reason, failures(t, desired, tolerated, expired))
	}
	switch {
	case desired == 0, t.gated > 0, t.active > 0,
		t.succeeded+t.failed() < desired,
		!expired && int(ds.Status.CurrentNumberScheduled) < desired:
		return Outcome{}
	case t.failed() > 0:
		return Outcome{complete, v1beta1.ReasonFailuresTolerated,
			fmt.Sprintf("%d of %s done, %d failed, which the Job tolerates", t.succeeded, nodeCount(desired), t.failed())}
	}
	return Outcome{complete, v1beta1.ReasonAllNodesDone, fmt.Sprintf("%s done", nodeCount(desired))}
}

// failing is the verdict on a Job with too many failed nodes. One that is
// suspended already stays so until a person resumes it.
func failing(spec *v1beta1.JobSpec, reason, message string) Outcome {
	if spec.OnFailure != v1beta1.FailureActionSuspend {
		return Outcome{fail, reason, message}
	}
	if spec.Suspend != nil && *spec.Suspend {
		return Outcome{}
	}
	return Outcome{hold, reason, message}
}

func failures(t *tally, desired, tolerated int, expired bool) string {
	message := fmt.Sprintf("%d of %s failed, more than the %d that the Job tolerates", t.failed(), nodeCount(desired), tolerated)
	if expired {
		message = "the deadline passed: " + message
	}
	if len(t.failedNodes) > 0 {
		first := &t.failedNodes[0]
		message += fmt.Sprintf(" (%s: %s)", first.Node, shortened(first.Message, maxSentence))
	}
	if t.unnamed > 0 {
		message += fmt.Sprintf("; no pod was running on %s", nodeCount(t.unnamed))
	}
	return message
}

// desiredNodes is the number of nodes that match, as the DaemonSet controller saw it last.
func desiredNodes(ds *appsv1.DaemonSet) int {
	if ds == nil {
		return 0
	}
	return int(ds.Status.DesiredNumberScheduled)
}
