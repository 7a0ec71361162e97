package plan

import "github.com/darkowlzz/daemonset-job/api/v1beta1"

// retryLimit returns how often a failed node is tried again in a fresh pod.
func retryLimit(spec *v1beta1.JobSpec) int32 {
	if spec.RetryFailed == nil {
		return 0
	}
	return *spec.RetryFailed
}

// hasTriesLeft returns whether a node that fails in this try gets another one.
func (s *State) hasTriesLeft(try int32) bool { return try <= retryLimit(&s.Job.Spec) }

// isTriedAgain returns whether the node of a failed entry gets a fresh pod. A rule that fails
// a node leaves it no try, nor does the deadline of the Job: a Job that holds itself after it
// lets the work go on that has started.
func (s *State) isTriedAgain(entry *v1beta1.NodeRecord) bool {
	switch {
	case entry.Result != v1beta1.RecordFailed, entry.Reason == v1beta1.ReasonNodeFailurePolicy, entry.Reason == v1beta1.ReasonDeadlineExceeded:
		return false
	}
	return s.hasTriesLeft(tryOfEntry(entry))
}

// tryOf returns which try of its node a pod is, 1 for the first.
func (s *State) tryOf(pod *Pod, node *Node) int32 {
	last := s.entryOf(node)
	switch {
	case last == nil || last.Result != v1beta1.RecordFailed:
		return 1
	case last.PodUID == pod.UID:
		return tryOfEntry(last)
	}
	return tryOfEntry(last) + 1
}

// tryOfEntry returns which try of its node an entry is about. Those of a node without a pod
// have none.
func tryOfEntry(entry *v1beta1.NodeRecord) int32 { return max(1, entry.Try) }

// triesFailedNodes returns whether the nodes that are tried again may start: every other one is
// done, skipped, or has failed.
func (s *State) triesFailedNodes(m *membership) bool {
	for i := range m.members {
		if m.members[i].entry == nil && m.members[i].state != Succeeded {
			return false
		}
	}
	return true
}
