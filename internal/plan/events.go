package plan

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// Event is an event to emit on the Job, once the status that it speaks of is written.
type Event struct{ Type, Reason, Action, Message string }

const (
	// maxNodeEvents is how many nodes have an event of their own in one Plan.
	maxNodeEvents = 10
	// MaxEventMessage is the longest message of an event, in bytes. The API server refuses more than 1024.
	MaxEventMessage = 1000
)

var templateChangedEvent = Event{corev1.EventTypeNormal, "TemplateChanged", "Replace", "what runs has changed: it starts over on every node"}

// eventsFor returns the events for the change from the Job's status to the new one.
func eventsFor(s *State, after *v1beta1.JobStatus, outcome Outcome) []Event {
	before := &s.Job.Status
	var all []Event
	add := func(eventType, reason, action, format string, args ...any) {
		all = append(all, Event{eventType, reason, action, Shorten(fmt.Sprintf(format, args...), MaxEventMessage)})
	}
	if s.templateChanged() {
		all = append(all, templateChangedEvent)
	}
	if after.Phase == v1beta1.PhaseRunning && (before.Phase == "" || before.Phase == v1beta1.PhasePending) {
		add(corev1.EventTypeNormal, "Started", "Run", "started on %d of %s", after.Active+after.Succeeded+after.Skipped+after.Failed, nodeCount(int(after.Desired)))
	}
	all = append(all, conditionEvent(before, after, v1beta1.JobSuspended, metav1.ConditionTrue, corev1.EventTypeNormal, "Suspend")...)
	all = append(all, conditionEvent(before, after, v1beta1.JobSuspended, metav1.ConditionFalse, corev1.EventTypeNormal, "Resume")...)
	all = append(all, blockedEvent(before, after)...)
	addFailedNodes(before, after, add)
	if n := after.Skipped - before.Skipped; n > 0 {
		add(corev1.EventTypeNormal, "NodesSkipped", "Run", "%s skipped by a rule of nodeFailurePolicy", nodeCount(int(n)))
	}
	switch outcome.Result {
	case Complete:
		add(corev1.EventTypeNormal, "Completed", "Complete", "%s in %s", outcome.Message, duration(after, s.Now))
	case Fail:
		add(corev1.EventTypeWarning, "Failed", "Fail", "%s", outcome.Message)
	}
	return all
}

// conditionEvent returns the event that a condition has this status now, none if it had it
// before for the same reason.
func conditionEvent(before, after *v1beta1.JobStatus, conditionType string, status metav1.ConditionStatus, eventType, action string) []Event {
	was, is := meta.FindStatusCondition(before.Conditions, conditionType), meta.FindStatusCondition(after.Conditions, conditionType)
	if is == nil || is.Status != status || (was == nil && status == metav1.ConditionFalse) ||
		(was != nil && was.Status == is.Status && was.Reason == is.Reason) {
		return nil
	}
	return []Event{{eventType, is.Reason, action, Shorten(is.Message, MaxEventMessage)}}
}

// addFailedNodes adds an event for each node that failed since the last status.
func addFailedNodes(before, after *v1beta1.JobStatus, add func(eventType, reason, action, format string, args ...any)) {
	known := make(map[string]bool, len(before.FailedNodes))
	for i := range before.FailedNodes {
		known[before.FailedNodes[i].Node] = true
	}
	failed := 0
	for i := range after.FailedNodes {
		node := &after.FailedNodes[i]
		if known[node.Node] {
			continue
		}
		if failed++; failed <= maxNodeEvents {
			add(corev1.EventTypeWarning, "NodeFailed", "Run", "node %s: %s: %s", node.Node, node.Reason, node.Message)
		}
	}
	if failed > maxNodeEvents {
		add(corev1.EventTypeWarning, "NodeFailed", "Run", "%s more failed: see status.failedNodes", nodeCount(failed-maxNodeEvents))
	}
}

// duration returns how long the Job ran, in whole seconds.
func duration(status *v1beta1.JobStatus, now time.Time) time.Duration {
	if status.StartTime == nil {
		return 0
	}
	return now.Sub(status.StartTime.Time).Round(time.Second)
}
