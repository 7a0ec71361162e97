package schedule

import (
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// maxAhead is how far the last run may be ahead of the clock before a person has to look.
const maxAhead = time.Hour

const notVouchedFor = "the CronJob is older than the admission policy that checks who may create it: " +
	"an administrator, or who may create daemonsets.apps here, can create it again with kubectl replace --force"

// setConditions says whether runs start, and if not, why.
func (n *next) setConditions() {
	before := n.CronJob.Status.Conditions
	reason, message := n.stalled()
	switch {
	case reason != "":
		n.setCondition(v1beta1.CronJobStalled, metav1.ConditionTrue, reason, message)
		n.setCondition(v1beta1.CronJobReady, metav1.ConditionFalse, reason, message)
		if was := meta.FindStatusCondition(before, v1beta1.CronJobStalled); was == nil || was.Reason != reason {
			n.emit(corev1.EventTypeWarning, reason, "Wait", message)
		}
		return
	case n.suspended():
		n.setCondition(v1beta1.CronJobReady, metav1.ConditionTrue, v1beta1.ReasonCronJobSuspended, "spec.suspend is true: no run starts")
	case n.Guard.Missing != "":
		// One event says so for all, on the operator's Deployment.
		n.setCondition(v1beta1.CronJobReady, metav1.ConditionFalse, v1beta1.ReasonGuardMissing, n.Guard.Missing)
	case n.waiting != nil:
		message = n.whatWaits()
		n.setCondition(v1beta1.CronJobReady, metav1.ConditionTrue, v1beta1.ReasonRunWaiting, message)
		if was := meta.FindStatusCondition(before, v1beta1.CronJobReady); was == nil || was.Reason != v1beta1.ReasonRunWaiting || waitOf(was.Message) != waitOf(message) {
			n.emit(corev1.EventTypeNormal, "JobAlreadyActive", "Wait", message)
		}
	default:
		n.setCondition(v1beta1.CronJobReady, metav1.ConditionTrue, v1beta1.ReasonScheduled,
			"the next run is at "+n.wallTime(n.status.NextScheduleTime.Time))
	}
	meta.RemoveStatusCondition(&n.status.Conditions, v1beta1.CronJobStalled)
}

func (n *next) setCondition(conditionType string, status metav1.ConditionStatus, reason, message string) {
	meta.SetStatusCondition(&n.status.Conditions, metav1.Condition{
		Type: conditionType, Status: status, Reason: reason, Message: message,
		ObservedGeneration: n.CronJob.Generation, LastTransitionTime: *seconds(n.Now),
	})
}

// stalled returns why only a user can make runs start, if that is so.
func (n *next) stalled() (reason, message string) {
	if n.invalid != nil {
		if _, ofZone := errors.AsType[InvalidTimeZoneError](n.invalid); ofZone {
			return v1beta1.ReasonInvalidTimeZone, n.invalid.Error()
		}
		return v1beta1.ReasonInvalidSchedule, n.invalid.Error()
	}
	if n.unvouched() {
		return v1beta1.ReasonNotVouchedFor, notVouchedFor
	}
	if pending := n.status.Pending; pending != nil && pending.UID == "" && n.waiting == nil && n.Guard.Missing == "" {
		if n.nameTaken && pending.Name == n.CronJob.Status.Pending.Name {
			return v1beta1.ReasonNameTaken, fmt.Sprintf("the name %s of the run of %s is held by a Job that this CronJob does not control: "+
				"rename or delete that Job; the next run has another name", pending.Name, n.wallTime(pending.ScheduledTime.Time))
		}
		if message := n.refusal(); message != "" {
			return v1beta1.ReasonJobRefused, message
		}
	}
	if ahead := n.since(); ahead.Sub(n.Now) > maxAhead {
		return v1beta1.ReasonLastScheduleAhead, fmt.Sprintf("no run starts until %s, which is more than an hour ahead of the manager's clock: "+
			"a clock was ahead when that was written; correct the manager's clock, or create the CronJob again", n.wallTime(ahead))
	}
	return "", ""
}

// refusal returns why the Job of the pending run was refused. A manager that has not tried
// yet knows what the last one wrote.
func (n *next) refusal() string {
	pending, before := n.status.Pending, n.CronJob.Status.Pending
	if n.Refusal != nil && n.Refusal.Name == pending.Name {
		return fmt.Sprintf("the API server refused Job %s of the run of %s: %s", pending.Name, n.wallTime(pending.ScheduledTime.Time), n.Refusal.Message)
	}
	last := meta.FindStatusCondition(n.CronJob.Status.Conditions, v1beta1.CronJobStalled)
	if n.Refusal == nil && before != nil && before.Name == pending.Name && last != nil && last.Reason == v1beta1.ReasonJobRefused &&
		last.ObservedGeneration == n.CronJob.Generation {
		return last.Message
	}
	return ""
}

// waitOf returns which run waits for which child, from a message of whatWaits.
func waitOf(message string) string {
	wait, _, _ := strings.Cut(message, ",")
	return wait
}

// whatWaits says which run waits, and for which child.
func (n *next) whatWaits() string {
	first := n.active[0]
	message := fmt.Sprintf("the run of %s waits for Job %s", n.wallTime(n.waiting.ScheduledTime), first.Name)
	switch {
	case !first.DeletionTimestamp.IsZero(), n.CronJob.Spec.ConcurrencyPolicy == v1beta1.ReplaceConcurrent:
		message += ", which is being deleted"
	case first.Status.Phase == v1beta1.PhaseSuspended:
		message += ", which is suspended"
	}
	if more := len(n.active) - 1; more > 0 {
		message += fmt.Sprintf(", and for %d more", more)
	}
	return message
}
