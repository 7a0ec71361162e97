package plan

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// Records are what is recorded of a Job's nodes, and what is to be recorded.
type Records struct {
	// Known says that Pages are all pages of the Job, as the API server has them.
	Known bool
	// Pages are ordered by their number.
	Pages []*v1beta1.JobRecord
	// Unwritten entries are in no page yet. This process alone knows them.
	Unwritten Entries
	// LastWrite is when this process last wrote a page, zero if never.
	LastWrite time.Time
	// left are nodes that left, and have entries that will not be needed once their page is full.
	left map[types.UID]bool
	// Refused says that no page can be written at present.
	Refused RefusedPage
}

// run returns the run of the present template. A run begins when its template becomes the
// current one, also if the Job had it before.
func (s *State) run() v1beta1.JobRun {
	run := v1beta1.JobRun{TemplateHash: s.TemplateHash, Generation: s.Job.Status.RunGeneration}
	if s.Job.Status.TemplateHash != s.TemplateHash || run.Generation == 0 {
		run.Generation = s.Job.Generation
	}
	return run
}

// entryOf returns the entry that holds for a node in the present run, nil if there is none. A
// failure from before the Job was resumed does not hold: the node is tried again. Nor does that
// of a deadline which the user raised after the entry was written, and before the verdict.
func (s *State) entryOf(node *Node) *v1beta1.NodeRecord { return s.holding(s.entries.of(node)) }

func (s *State) holding(entry *v1beta1.NodeRecord) *v1beta1.NodeRecord {
	if entry == nil || entry.Result != v1beta1.RecordFailed {
		return entry
	}
	if entry.Reason == v1beta1.ReasonDeadlineExceeded && s.Job.Finished() == nil && !s.held() && !s.expired() {
		return nil
	}
	if retried := s.retryTime(); retried != nil && (entry.EndTime == nil || entry.EndTime.Before(retried)) {
		return nil
	}
	return entry
}

// isWritten returns whether a page says that the node is done.
func (s *State) isWritten(node *Node) bool {
	entry := s.entries.written[node.UID]
	return entry != nil && entry.Result == v1beta1.RecordSucceeded
}

// records returns whether the ends of the nodes' work are recorded. A plain Job that never
// ends starts each pod at once, so that its records would decide nothing.
func (s *State) records() bool { return s.runsOnce() || keepsResults(&s.Job.Spec) }

// failedEntry returns the entry of a node whose work failed and is stopped for good.
func (s *State) failedEntry(m *member, failed *v1beta1.FailedNode) v1beta1.NodeRecord {
	entry := v1beta1.NodeRecord{
		Node: m.node.Name, NodeUID: m.node.UID, Result: v1beta1.RecordFailed,
		Reason: failed.Reason, ExitCode: failed.ExitCode, EndTime: new(metav1.NewTime(s.Now)),
		Message: s.sharedMessage(&failure{*failed, m}),
	}
	if retried := s.retryTime(); retried != nil && entry.EndTime.Before(retried) {
		// A retry is rounded up to a second, and this failure came after it.
		entry.EndTime = retried
	}
	if m.pod != nil {
		entry.PodUID, entry.Try = m.pod.UID, s.tryOf(m.pod, m.node)
		entry.Attempts, entry.StartTime, entry.Output = attempts(m.pod), timeOf(m.pod.ScheduledAt), s.failedOutput(m.pod)
	}
	return entry
}

// failedEntries returns the entries of all failed nodes whose failure has none.
func (s *State) failedEntries(t *tally) []v1beta1.NodeRecord {
	var entries []v1beta1.NodeRecord
	for i := range t.failures {
		if f := &t.failures[i]; !s.isRecorded(f.member) {
			entries = append(entries, s.failedEntry(f.member, &f.FailedNode))
		}
	}
	return entries
}

// isRecorded returns whether the failure of a node has an entry. A pod that works after the
// entry of another one is a further try, which has none yet.
func (s *State) isRecorded(m *member) bool {
	return m.entry != nil && (m.pod == nil || m.pod.State == Gated || m.entry.PodUID == m.pod.UID || !s.isTriedAgain(m.entry))
}

func attempts(pod *Pod) int32 {
	if !pod.Started {
		return 0
	}
	return pod.Restarts + 1
}

func timeOf(at time.Time) *metav1.Time {
	if at.IsZero() {
		return nil
	}
	return new(metav1.NewTime(at))
}

// machineTolerance is how much older than its node a pod may seem: API servers whose clocks
// differ make the node object and bind the pod.
const machineTolerance = 10 * time.Second

// isOfEarlierMachine returns whether the pod was bound to an earlier machine of the node's
// name. It says nothing about the present one.
func isOfEarlierMachine(pod *Pod, node *Node) bool {
	return !pod.ScheduledAt.IsZero() && pod.ScheduledAt.Add(machineTolerance).Before(node.Created)
}
