package plan

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
)

// runsOnce returns whether a pod that is made again waits for the manager. Those of a plain
// Job that never ends do not: a node that joins must not depend on the manager.
func (s *State) runsOnce() bool {
	spec := &s.Job.Spec
	return !neverEnds(spec) || spec.Parallelism != nil || releases(spec) || stopsNodes(spec)
}

// latchesGate returns whether pods that are made again wait for the manager in the present run.
// It is latched when every Ready node of the Job has a pod, and before the manager deletes a
// pod of the run: the DaemonSet controller would make one that does the work once more. The
// first pods of a plain Job do not wait, so that its nodes start without the manager.
func (s *State) latchesGate(t *tally, outcome Outcome, removal removal) bool {
	sameRun := s.Job.Status.TemplateHash == s.TemplateHash
	switch {
	case !s.runsOnce():
		return false
	case sameRun && s.Job.Status.Gated, outcome.Result == Hold, outcome.Withheld, len(removal.pods) > 0:
		return true
	case outcome.Result != Undecided:
		return false
	}
	return s.everyReadyNodeHasPod(t)
}

func (s *State) everyReadyNodeHasPod(t *tally) bool {
	for i := range t.members {
		if m := &t.members[i]; m.pod == nil && m.entry == nil && m.node.NotReadySince.IsZero() {
			return false
		}
	}
	return len(t.members) > 0
}

// gateObserved returns whether the DaemonSet controller makes pods with the gate.
func (s *State) gateObserved() bool {
	return daemonset.Observed(s.DaemonSet) && daemonset.HasGate(&s.DaemonSet.Spec.Template.Spec)
}

// untilGated returns when the next Plan is due because this one latches the gate for pods that
// are to be deleted, 0 if it does not. No event reports the status, and pods that hang have none.
func (s *State) untilGated(status *v1beta1.JobStatus, removal removal) time.Duration {
	if len(removal.pods) > 0 && status.Gated && !s.Job.Status.Gated {
		return immediately
	}
	return 0
}

// stopsFailures returns whether the work of a node that failed is stopped, so that its slot
// is free. Without parallelism, or in a Job that never ends, the kubelet keeps
// restarting it.
func (s *State) stopsFailures() bool {
	return s.Job.Spec.Parallelism != nil && !neverEnds(&s.Job.Spec)
}

// removal is which pods of the present run are deleted, and why. Their successors wait for
// the manager.
type removal struct {
	pods   []Pod
	reason string
	// entries are what is recorded of the pods' nodes before that.
	entries []v1beta1.NodeRecord
}

// removal returns the pods of the present run to delete: of one kind at a time. While pages are
// refused, the pods that need one stay.
func (s *State) removal(t *tally) removal {
	var kinds []removal
	switch moves := s.movesPods(); {
	case moves && s.runsOnce():
		kinds = []removal{s.podsToRetry(), s.podsOfStops(), s.podsOfFailures(t), s.podsOfEarlierMachines(), s.podsToRelease()}
	case moves:
		return s.podsOfEarlierMachines()
	case s.runsOnce() && daemonset.UpToDate(s.DaemonSet, s.TemplateHash):
		kinds = []removal{s.podsOfStops()} // Their successors stay gated.
	}
	for _, removal := range kinds {
		removal.pods = slices.DeleteFunc(removal.pods, s.waitsForRecord)
		if len(removal.pods) > 0 && (len(removal.entries) == 0 || s.untilRecord() == 0) {
			return removal
		}
	}
	return removal{}
}

// podsToRetry returns the pods of nodes that failed before the user resumed the Job.
func (s *State) podsToRetry() removal {
	r := removal{reason: "the Job was resumed, and its failed nodes are tried again"}
	r.pods = s.filter(func(pod *Pod) bool { return s.upToDate(pod) && !pod.Terminating && s.isEarlierTry(pod) })
	for i := range r.pods {
		node := r.pods[i].on
		if node == nil {
			continue
		}
		// It failed before the time from which on failures hold.
		before := metav1.NewTime(s.retryTime().Add(-time.Second))
		// The last entry decides: this one would hide another that holds.
		if last := s.entries.of(node); last != nil && (s.holding(last) != nil || last.EndTime.Equal(&before)) {
			continue
		}
		m := member{node: node, pod: &r.pods[i]}
		failed := backoffLimitExceeded(m.pod)
		entry := s.failedEntry(&m, &failed)
		entry.EndTime = &before
		r.entries = append(r.entries, entry)
	}
	return r
}

// podsOfFailures returns the pods of failed nodes whose work is stopped.
func (s *State) podsOfFailures(t *tally) removal {
	r := removal{reason: "their nodes failed, and their slots are needed"}
	if !s.stopsFailures() {
		return r
	}
	for i := range t.failures {
		f := &t.failures[i]
		pod := f.member.pod
		if pod == nil || s.stateOf(pod) == Gated {
			continue
		}
		r.pods = append(r.pods, *pod)
		if !s.isRecorded(f.member) {
			r.entries = append(r.entries, s.failedEntry(f.member, &f.FailedNode))
		}
	}
	return r
}

// podsOfEarlierMachines returns the pods that were bound to an earlier machine of their node's
// name. The present one does the work in a pod of its own.
func (s *State) podsOfEarlierMachines() removal {
	return removal{reason: "their nodes were replaced", pods: s.filter(func(pod *Pod) bool {
		return s.upToDate(pod) && !pod.Terminating && pod.on != nil && isOfEarlierMachine(pod, pod.on)
	})}
}

// podsToRelease returns the pods of nodes whose record says that they are done, if the Job
// releases them. A container in Log mode that ends after its word is run again and again by
// the kubelet, so that its pod is released in any Job.
func (s *State) podsToRelease() removal {
	return removal{reason: "their nodes are done and recorded", pods: s.filter(func(pod *Pod) bool {
		return s.mayBeReleased(pod) && pod.on != nil && s.isWritten(pod.on)
	})}
}

// mayBeReleased returns whether the pod is released once its node is recorded as done.
func (s *State) mayBeReleased(pod *Pod) bool {
	return !pod.Terminating && pod.State != Gated && s.upToDate(pod) && (releases(&s.Job.Spec) || pod.Blocker.Reason == v1beta1.ReasonEndsAfterWord)
}

// mayRelease returns whether a page that is written now may let pods be released.
func (s *State) mayRelease() bool {
	return s.runsOnce() && slices.ContainsFunc(s.Pods, func(pod Pod) bool { return pod.State == Succeeded && !pod.Gone && s.mayBeReleased(&pod) })
}

// stopped returns the entries of nodes that failed and whose work this Plan stops for good.
func (s *State) stopped(t *tally, outcome Outcome, removal removal) []v1beta1.NodeRecord {
	switch {
	case !s.records():
		return nil
	case outcome.Result == Fail, outcome.Result == Complete:
		return s.failedEntries(t)
	case s.gateObserved():
		return removal.entries
	}
	return nil
}

// destroys returns whether this Plan destroys evidence, or says that a Job with pages is over.
func (s *State) destroys(t *tally, outcome Outcome, removal removal) bool {
	switch outcome.Result {
	case Fail:
		return true
	case Complete:
		return t.failed() > 0 || t.skipped > 0 || s.hasPages() || s.deletesDaemonSet(v1beta1.PhaseComplete) || keepsResults(&s.Job.Spec)
	}
	// Pods are released once a page has their nodes: they destroy nothing.
	return len(removal.entries) > 0 && s.gateObserved()
}

// hasPages returns whether the present run has pages. Their entries may be of nodes that left.
func (s *State) hasPages() bool {
	return slices.ContainsFunc(s.Records.Pages, func(page *v1beta1.JobRecord) bool { return page.Spec.Run == s.run() })
}

// countPages returns how many pages the Job has, with those that are written.
func (s *State) countPages(pages []*v1beta1.JobRecord) int32 {
	if !s.Records.Known {
		return s.Job.Status.Records
	}
	return int32(len(s.Records.with(pages)))
}
