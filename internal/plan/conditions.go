package plan

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
)

// conditions returns the conditions that the State says something about. A
// condition that it leaves out stays as it is.
func conditions(s *State, t *tally, outcome Outcome) []metav1.Condition {
	all := []metav1.Condition{blockedCondition(s, t, outcome)}
	if suspended := suspendedCondition(s, outcome); suspended != nil {
		all = append(all, *suspended)
	}
	switch outcome.Result {
	case Complete:
		all = append(all, isTrue(v1beta1.JobComplete, outcome.Reason, outcome.Message))
	case Fail:
		all = append(all, isTrue(v1beta1.JobFailed, outcome.Reason, outcome.Message))
	}
	return all
}

func isTrue(conditionType, reason, message string) metav1.Condition {
	return metav1.Condition{Type: conditionType, Status: metav1.ConditionTrue, Reason: reason, Message: message}
}

// suspendedCondition returns nil for a Job that was never suspended.
func suspendedCondition(s *State, outcome Outcome) *metav1.Condition {
	last := meta.FindStatusCondition(s.Job.Status.Conditions, v1beta1.JobSuspended)
	wasTrue := last != nil && last.Status == metav1.ConditionTrue
	var condition metav1.Condition
	switch {
	case outcome.Result == Hold:
		condition = isTrue(v1beta1.JobSuspended, outcome.Reason, outcome.Message+
			"; to try the failed nodes again, set the annotation "+v1beta1.AnnotationResume+" to another value")
	case s.held(), s.Job.Suspended() && daemonset.HoldCondition(s.Job) != nil:
		// The reason is latched: it says that resuming the Job retries its failed nodes.
		condition = isTrue(v1beta1.JobSuspended, last.Reason, last.Message)
	case s.Job.Suspended():
		condition = suspendedByUser
	case last == nil:
		return nil
	case !wasTrue:
		condition = *last
	case s.retries():
		condition = metav1.Condition{Type: v1beta1.JobSuspended, Status: metav1.ConditionFalse, Reason: v1beta1.ReasonResumed,
			Message: "the Job was resumed, and its failed nodes are tried again"}
	default:
		condition = metav1.Condition{Type: v1beta1.JobSuspended, Status: metav1.ConditionFalse, Reason: v1beta1.ReasonResumed,
			Message: "spec.suspend is not set"}
	}
	return &condition
}

var suspendedByUser = isTrue(v1beta1.JobSuspended, v1beta1.ReasonSuspendedByUser,
	"spec.suspend is true: no further node starts until it is set to false")

// endedHold returns the condition Suspended of a Job that held itself before it finished, and
// now starts over; nil if it did not hold itself. The hold would go on.
func (s *State) endedHold() *metav1.Condition {
	switch {
	case daemonset.HoldCondition(s.Job) == nil:
		return nil
	case s.Job.Suspended():
		return &suspendedByUser
	}
	return &metav1.Condition{Type: v1beta1.JobSuspended, Status: metav1.ConditionFalse, Reason: v1beta1.ReasonResumed, Message: "the Job starts over"}
}

// blockedCondition says what keeps the Job from moving that a person can change.
// The order of evaluation is that in which a Job proceeds: its admission, its record, its
// DaemonSet, its nodes, its pods, the work on the nodes, its slots.
func blockedCondition(s *State, t *tally, outcome Outcome) metav1.Condition {
	if outcome.Result != Complete && outcome.Result != Fail {
		for _, blocker := range []Blocker{s.Guard.Blocker(s.Job), s.recordBlocker(), s.applyBlocker(t), s.nodeBlocker(t), s.podBlockers(), s.slotBlocker(t)} {
			if blocker.Reason != "" {
				return isTrue(v1beta1.JobBlocked, blocker.Reason, blocker.Message)
			}
		}
	}
	return notBlocked
}

var notBlocked = metav1.Condition{Type: v1beta1.JobBlocked, Status: metav1.ConditionFalse, Reason: v1beta1.ReasonNotBlocked,
	Message: "nothing stands in the way"}

// applyBlocker returns what the API server refused, unless it is over.
func (s *State) applyBlocker(t *tally) Blocker {
	if s.Blocker.Reason == v1beta1.ReasonPodsRefused && t.missing == 0 {
		return Blocker{}
	}
	return s.Blocker
}

// nodeBlocker returns which nodes the Job lacks or waits for.
func (s *State) nodeBlocker(t *tally) Blocker {
	if t.desired() == 0 && daemonset.Observed(s.DaemonSet) {
		selection := "its nodeSelector and tolerations"
		if s.Job.Spec.Template != nil {
			selection = "the nodeSelector, affinity and tolerations of its template"
		}
		return Blocker{v1beta1.ReasonNoMatchingNode, "no node matches: the Job waits for one; see " + selection + ", and the nodes' taints" + t.others()}
	}
	var first *Node
	waiting := 0
	for i := range t.members {
		if m := &t.members[i]; !m.node.NotReadySince.IsZero() && !m.isFinished() {
			if waiting++; first == nil || m.node.Name < first.Name {
				first = m.node
			}
		}
	}
	if first == nil {
		return Blocker{}
	}
	return Blocker{v1beta1.ReasonNodesNotReady, fmt.Sprintf("the Job waits for %s: %s NotReady since %s",
		nodeCount(waiting), first.Name, first.NotReadySince.UTC().Format(time.RFC3339))}
}

// slotBlocker returns which pods hold the slots that nodes wait for, when these
// pods are only being stopped.
func (s *State) slotBlocker(t *tally) Blocker {
	free := slots(&s.Job.Spec, t.desired())
	var first *Pod
	for i := range s.Pods {
		pod := &s.Pods[i]
		if !s.holdsSlot(pod) {
			continue
		}
		free--
		if pod.Terminating && (first == nil || pod.Name < first.Name) {
			first = pod
		}
	}
	if t.gated+t.triedAgain == 0 || t.active > 0 || free > 0 || first == nil {
		return Blocker{}
	}
	return Blocker{v1beta1.ReasonSlotsTaken, fmt.Sprintf("pods that are being stopped hold all slots: %s on %s", first.Name, first.Node)}
}

// putCondition sets a condition. Every text of a condition is made safe here.
func putCondition(status *v1beta1.JobStatus, condition metav1.Condition, generation int64, now time.Time) {
	condition.Reason, condition.Message = Reason(condition.Reason), Shorten(condition.Message, maxMessage)
	condition.ObservedGeneration, condition.LastTransitionTime = generation, metav1.NewTime(now)
	meta.SetStatusCondition(&status.Conditions, condition)
}

// WithBlocker returns the Job's status with this Blocker, and nothing else changed.
func WithBlocker(job *v1beta1.Job, blocker Blocker, now time.Time) v1beta1.JobStatus {
	status := job.Status.DeepCopy()
	condition := isTrue(v1beta1.JobBlocked, blocker.Reason, blocker.Message)
	putCondition(status, condition, job.Generation, now)
	status.Blocked = Reason(blocker.Reason)
	if status.Phase == "" {
		status.Phase = v1beta1.PhasePending
	}
	return *status
}
