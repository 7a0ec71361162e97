package job

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// note is an event to emit on the Job.
type Event struct{ kind, reason, action, message string }

// maxNotes is how many nodes are told of one by one in one go.
const maxNodeEvents = 10

// maxNote is the longest message of an event, in bytes.
const maxEventMessage = 1000

// notes are what a person would want to know of the change from the Job's
// status to the new one.
func eventsFor(f *State, d *decision) []Event {
	before, after := &f.job.Status, &d.status
	var all []Event
	add := func(kind, reason, action, format string, args ...any) {
		all = append(all, Event{kind, reason, action, shortened(fmt.Sprintf(format, args...), maxEventMessage)})
	}
	if f.templateChanged() {
		add(corev1.EventTypeNormal, "TemplateChanged", "Replace", "what runs has changed: it starts over on every node")
	}
	if after.Phase == v1beta1.PhaseRunning && (before.Phase == "" || before.Phase == v1beta1.PhasePending) {
		add(corev1.EventTypeNormal, "Started", "Run", "started on %d of %s", after.Active+after.Succeeded+after.Failed, nodeCount(int(after.Desired)))
	}
	addCondition := func(conditionType, kind, action string, wanted metav1.ConditionStatus) {
		was, is := meta.FindStatusCondition(before.Conditions, conditionType), meta.FindStatusCondition(after.Conditions, conditionType)
		if is == nil || is.Status != wanted || (was == nil && wanted == metav1.ConditionFalse) ||
			(was != nil && was.Status == is.Status && was.Reason == is.Reason) {
			return
		}
		add(kind, is.Reason, action, "%s", is.Message)
	}
	addCondition(v1beta1.JobSuspended, corev1.EventTypeNormal, "Suspend", metav1.ConditionTrue)
	addCondition(v1beta1.JobSuspended, corev1.EventTypeNormal, "Resume", metav1.ConditionFalse)
	addCondition(v1beta1.JobBlocked, corev1.EventTypeWarning, "Wait", metav1.ConditionTrue)
	addFailedNodes(before, after, add)

	if d.Outcome.Result == complete {
		add(corev1.EventTypeNormal, "Completed", "Complete", "%s in %s", d.Outcome.message, took(after, f.now))
	}
	if d.Outcome.Result == fail {
		add(corev1.EventTypeWarning, "Failed", "Fail", "%s", d.Outcome.message)
	}
	return all
}

// tellFailedNodes tells of the nodes that failed since the last status.
func addFailedNodes(before, after *v1beta1.JobStatus, add func(kind, reason, action, format string, args ...any)) {
	known := make(map[string]bool, len(before.FailedNodes))
	for i := range before.FailedNodes {
		known[before.FailedNodes[i].Node] = true
	}
	reported := 0
	for i := range after.FailedNodes {
		failed := &after.FailedNodes[i]
		if known[failed.Node] {
			continue
		}
		if reported++; reported <= maxNodeEvents {
			add(corev1.EventTypeWarning, "NodeFailed", "Run", "node %s: %s: %s", failed.Node, failed.Reason, failed.Message)
		}
	}
	if reported > maxNodeEvents {
		add(corev1.EventTypeWarning, "NodeFailed", "Run", "%s more failed: see status.failedNodes", nodeCount(reported-maxNodeEvents))
	}
}

// took is how long the Job ran, as a person would say it.
func took(status *v1beta1.JobStatus, now time.Time) time.Duration {
	if status.StartTime == nil {
		return 0
	}
	return now.Sub(status.StartTime.Time).Round(time.Second)
}
