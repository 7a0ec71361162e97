package plan

import (
	"slices"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// recordDone adds the entries of nodes that are done, or whose work is to be stopped, and have
// no such entry yet to those that are unwritten. While another run has unwritten ones, these
// come first. When the template changes, the pods that did the earlier run's work are about to
// go. needsLive says that a stop waits for a live State.
func (s *State) recordDone() (needsLive bool) {
	if !s.records() {
		return false
	}
	if run, ok := s.earlierRun(); ok {
		s.recordRun(run, s.Records.lastEntries(run, s.Records.writtenOf(run)))
	}
	if !s.recordsEarlierRun() {
		// An exit that a rule matches counts more than the end of a later run of the container.
		needsLive = s.recordStops()
		s.recordRun(s.run(), s.entries)
	}
	return needsLive
}

// earlierRun returns the run that the status is about, if the Job has another template now. An
// operator without records wrote none.
func (s *State) earlierRun() (v1beta1.JobRun, bool) {
	status := &s.Job.Status
	return v1beta1.JobRun{TemplateHash: status.TemplateHash, Generation: status.RunGeneration}, s.templateChanged() && status.RunGeneration != 0
}

// recordRun adds the entries of nodes that are done in a run. A pod that is being deleted, or
// is gone, may be the only one that says so.
func (s *State) recordRun(run v1beta1.JobRun, entries lastEntries) {
	var done []v1beta1.NodeRecord
	for i := range s.Pods {
		pod := &s.Pods[i]
		if !s.provesDone(pod, run) {
			continue
		}
		node := pod.on
		if entry := s.holding(entries.of(node)); entry != nil && isFinal(entry) {
			continue
		}
		entry := v1beta1.NodeRecord{
			Node: node.Name, NodeUID: node.UID, Result: v1beta1.RecordSucceeded,
			Attempts: attempts(pod), StartTime: timeOf(pod.ScheduledAt), EndTime: timeOf(pod.EndedAt),
			Output: s.doneOutput(pod),
		}
		entries.add(&entry)
		done = append(done, entry)
	}
	s.remember(run, done)
}

// provesDone returns whether the pod says that its node is done in a run.
func (s *State) provesDone(pod *Pod, run v1beta1.JobRun) bool {
	return pod.on != nil && pod.State == Succeeded && s.worked(pod) && pod.TemplateHash == run.TemplateHash &&
		!isOfEarlierMachine(pod, pod.on) && (!pod.StoppedEarly || !s.stopsWork())
}

// stopsWork returns whether all pods are told to stop, because the Job failed or its DaemonSet is
// deleted. An end of work after that proves nothing.
func (s *State) stopsWork() bool { return s.DaemonSet == nil || s.Job.Finished() != nil }

// remember adds entries of a run to those that are unwritten. While another run has unwritten
// ones, a later Plan adds them.
func (s *State) remember(run v1beta1.JobRun, entries []v1beta1.NodeRecord) {
	switch {
	case s.Records.Unwritten.Run == run:
		s.Records.Unwritten.Nodes = slices.Concat(s.Records.Unwritten.Nodes, entries)
	case len(s.Records.Unwritten.Nodes) == 0:
		// In a new process the run may have begun with another value. It is lost if no page has it.
		s.Records.Unwritten = Entries{Run: run, RetainSeconds: retainSeconds(s.Job), Nodes: entries}
	}
}

// isFinal returns whether no later end of the work on the node counts.
func isFinal(entry *v1beta1.NodeRecord) bool {
	return entry.Result != v1beta1.RecordFailed || entry.Reason == v1beta1.ReasonNodeFailurePolicy
}
