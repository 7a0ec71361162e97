package plan

import (
	"fmt"
	"time"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// recordStops remembers the entries of nodes whose work is to be stopped before it is done: a
// rule matches an exit code, the node's deadline passed, or the node failed and is tried again
// in a fresh pod. Their pods are deleted once a page has the entries.
//
// An exit that a rule matches is remembered at once, since the next one replaces it in the
// pod's status. The others need a live State: in a stale one the work may be done by now.
// needsLive says that there are some, and that the State is not live.
func (s *State) recordStops() (needsLive bool) {
	if !stopsNodes(&s.Job.Spec) {
		return false
	}
	var stops []v1beta1.NodeRecord
	for i := range s.Pods {
		pod := &s.Pods[i]
		node := pod.on
		if node == nil || pod.Gone || pod.State == Gated || !s.upToDate(pod) || s.isEarlierTry(pod) || isOfEarlierMachine(pod, node) {
			continue
		}
		if last := s.entries.of(node); last != nil && isFinal(last) && (last.PodUID == pod.UID || s.holding(last) != nil) {
			continue
		}
		entry := s.ruledEntry(pod, node)
		if entry == nil && !s.isStopped(pod) && s.isToStop(pod, node) {
			if !s.Live {
				needsLive = true
				continue
			}
			entry = s.stoppedEntry(pod, node)
		}
		if entry != nil {
			s.entries.add(entry)
			stops = append(stops, *entry)
		}
	}
	s.remember(s.run(), stops)
	return needsLive
}

// isStopped returns whether the node's record says that the work of this pod is stopped by a
// rule of the node. That of a node that failed for good by backoffLimit is not: a Job that
// holds itself keeps its pod to be inspected. A pod that was made before the gate was in the
// template is stopped like the one before it.
func (s *State) isStopped(pod *Pod) bool {
	if pod.on == nil {
		return false
	}
	last := s.entries.of(pod.on)
	if last == nil || last.Result == v1beta1.RecordSucceeded {
		return false
	}
	if last.PodUID == pod.UID {
		return isFinal(last) || last.Reason == v1beta1.ReasonNodeDeadlineExceeded || s.isTriedAgain(last) || s.isOverdue(pod)
	}
	entry := s.holding(last)
	return entry != nil && !s.isTriedAgain(entry)
}

// ruledEntry returns the entry of a node with an exit that a rule matches, nil without one.
func (s *State) ruledEntry(pod *Pod, node *Node) *v1beta1.NodeRecord {
	rule, code := s.ruleFor(pod)
	if rule == nil {
		return nil
	}
	m := member{node: node, pod: pod}
	entry := s.failedEntry(&m, new(stoppedByRule(pod, code)))
	if rule.Action == v1beta1.NodeActionSkip {
		entry.Result = v1beta1.RecordSkipped
	}
	return &entry
}

// isToStop returns whether the work of a pod is stopped although no rule says so. A node that the
// Job leaves out does not fail.
func (s *State) isToStop(pod *Pod, node *Node) bool {
	if pod.Terminating || pod.State != Active || s.leavesOut(node, pod) {
		return false
	}
	return s.isOverdue(pod) || s.stateOf(pod) == Failed && s.hasTriesLeft(s.tryOf(pod, node))
}

// isOverdue returns whether the work of a pod has taken longer than nodeDeadlineSeconds.
func (s *State) isOverdue(pod *Pod) bool {
	at, limited := s.nodeDeadline(pod)
	return limited && !s.Now.Before(at)
}

func (s *State) stoppedEntry(pod *Pod, node *Node) *v1beta1.NodeRecord {
	m := member{node: node, pod: pod}
	failed := s.nodeDeadlineExceeded(pod)
	if s.stateOf(pod) == Failed {
		failed = backoffLimitExceeded(pod)
	}
	return new(s.failedEntry(&m, &failed))
}

// nodeDeadline returns when the work of a pod has taken too long, if ever. The API server set
// the time from which it counts when the pod was bound.
func (s *State) nodeDeadline(pod *Pod) (time.Time, bool) {
	limit := s.Job.Spec.NodeDeadlineSeconds
	if limit == nil || pod.ScheduledAt.IsZero() {
		return time.Time{}, false
	}
	bound := pod.ScheduledAt
	if bound.After(s.Now.Add(clockSkew)) {
		// Whoever may write pods forged it, and the deadline would never pass.
		bound = pod.Created
	}
	return deadlineAfter(bound, *limit), true
}

// untilNodeDeadline returns the time to the next deadline of a node, 0 without one.
func (s *State) untilNodeDeadline() time.Duration {
	var wait time.Duration
	for i := range s.Pods {
		pod := &s.Pods[i]
		if at, limited := s.nodeDeadline(pod); limited && pod.State == Active && !pod.Terminating && s.upToDate(pod) {
			wait = soonest(wait, at.Sub(s.Now))
		}
	}
	return wait
}

// podsOfStops returns the pods of nodes whose work is stopped. A Plan with unwritten entries of
// stops writes their page before it deletes a pod. While pages are refused, removal keeps the
// pods whose entries are unwritten.
func (s *State) podsOfStops() removal {
	return removal{reason: "their nodes were skipped, or failed and are stopped", pods: s.filter(func(pod *Pod) bool {
		return s.upToDate(pod) && !pod.Terminating && pod.State != Gated && s.isStopped(pod)
	})}
}

// failsJob returns the node with an exit for which a rule fails the Job, nil without one.
func (s *State) failsJob(t *tally) *member {
	for i := range t.members {
		m := &t.members[i]
		if m.entry == nil || m.entry.Result != v1beta1.RecordFailed || m.entry.Reason != v1beta1.ReasonNodeFailurePolicy || m.entry.ExitCode == nil {
			continue
		}
		if rule := s.ruleForCode(*m.entry.ExitCode); rule != nil && rule.Action == v1beta1.NodeActionFailJob {
			return m
		}
	}
	return nil
}

func stoppedByRule(pod *Pod, code int32) v1beta1.FailedNode {
	return v1beta1.FailedNode{
		Node: pod.Node, Reason: v1beta1.ReasonNodeFailurePolicy, ExitCode: &code,
		Message: withLog(fmt.Sprintf("ended with exit code %d, for which nodeFailurePolicy has a rule", code), pod.Log),
	}
}

func (s *State) nodeDeadlineExceeded(pod *Pod) v1beta1.FailedNode {
	message := "not done when its time was over"
	if limit := s.Job.Spec.NodeDeadlineSeconds; limit != nil {
		message = fmt.Sprintf("not done %d s after its pod was bound", *limit)
	}
	return v1beta1.FailedNode{
		Node: pod.Node, Reason: v1beta1.ReasonNodeDeadlineExceeded, ExitCode: pod.ExitCode,
		Message: withLog(message+": "+Shorten(pod.Activity, MaxSentence), pod.Log),
	}
}
