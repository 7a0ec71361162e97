package plan

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// State is all that a Plan rests on. Compute reads it, and changes nothing of it but which node each pod is on.
type State struct {
	// Job as it was last read or written.
	Job *v1beta1.Job
	// Now is the time at which the State was observed.
	Now time.Time
	// TemplateHash is the hash of what the Job runs now.
	TemplateHash string
	// DaemonSet is the one that the Job controls, nil if there is none.
	DaemonSet *appsv1.DaemonSet
	// LastDaemonSet is the UID of the last one that this process observed, which may be deleted:
	// its pods still say what they did. It is empty if there was none.
	LastDaemonSet types.UID
	// Nodes are the nodes of the cluster with their placement for the DaemonSet. Those that are
	// Excluded may be among Others instead.
	Nodes []Node
	// Others are nodes by name, each Excluded unless it is one of Nodes. All Jobs share them: with a thousand
	// Jobs on ten nodes each, every Job would otherwise hold every node of the cluster.
	Others map[string]*Node
	// StaleNodes are those that the last live State showed otherwise than this one does.
	StaleNodes StaleNodes
	// Pods are all pods with the Job's labels, whoever controls them and whichever
	// template they are made from, in no order.
	Pods []Pod
	// Backoff says until when a node is not ungated again, because its pod could not
	// be scheduled.
	Backoff map[string]time.Time
	// Guard is what was last observed of the admission policy for Jobs.
	Guard Guard
	// Blocker is what blocks the Job apart from what its pods say.
	Blocker Blocker
	// LastStatusWrite is when this process last wrote the status, zero if never.
	LastStatusWrite time.Time
	// ExpectationsMet says that Pods show every gate that the manager removed, and every pod that it deleted.
	// No further pod is ungated without it: its slot may be in use already.
	ExpectationsMet bool
	// Records are what is recorded of the Job's nodes.
	Records Records
	// nodes are Nodes by name.
	nodes map[string]*Node
	// entries are the last ones of the present run.
	entries lastEntries
	// Live says that Job, DaemonSet, Nodes and Pods were read from the API server.
	Live bool
}

// owned returns whether the Job's present DaemonSet controls the pod.
func (s *State) owned(pod *Pod) bool { return s.DaemonSet != nil && pod.Owner == s.DaemonSet.UID }

// worked returns whether the pod did the Job's work, if it did any. Its DaemonSet may be deleted:
// by the verdict Failed, or by a user.
func (s *State) worked(pod *Pod) bool {
	return s.owned(pod) || s.LastDaemonSet != "" && pod.Owner == s.LastDaemonSet
}

// upToDate returns whether the pod is the present DaemonSet's, made from the
// present template.
func (s *State) upToDate(pod *Pod) bool { return s.owned(pod) && pod.TemplateHash == s.TemplateHash }

// counts returns whether the pod says something about the Job's work on its node.
func (s *State) counts(pod *Pod) bool {
	if !s.upToDate(pod) || pod.Terminating || pod.Gone || pod.State == Lost || s.isEarlierTry(pod) {
		return false
	}
	return pod.on == nil || !isOfEarlierMachine(pod, pod.on)
}

// isEarlierTry returns whether the pod failed before the user resumed the Job. Its last failure
// may be a later one, if a page says that the work was stopped since.
func (s *State) isEarlierTry(pod *Pod) bool {
	retried := s.retryTime()
	if retried == nil || !pod.Created.Before(retried.Time) || s.stateOf(pod) != Failed || s.isMadeByResume(retried.Time) {
		return false
	}
	if pod.on == nil {
		return true
	}
	last := s.entries.of(pod.on)
	return last == nil || last.PodUID != pod.UID || s.holding(last) == nil
}

// isMadeByResume returns whether the DaemonSet was made when the user resumed a Failed Job, whose
// earlier one was deleted. None of its pods is an earlier try, but they may seem to be: the
// time of a resume is rounded up to a second.
func (s *State) isMadeByResume(retried time.Time) bool {
	return s.DaemonSet != nil && !s.DaemonSet.CreationTimestamp.Time.Before(retried.Add(-time.Second))
}

// stateOf returns the state of the pod's work under the Job's backoffLimit. A
// reboot restarts containers too: a node fails only if its work failed last.
func (s *State) stateOf(pod *Pod) PodState {
	if pod.State == Active && pod.WorkFailed && pod.Restarts > backoffLimit(&s.Job.Spec) {
		return Failed
	}
	return pod.State
}

// templateChanged returns whether the status belongs to an earlier template.
func (s *State) templateChanged() bool {
	last := s.Job.Status.TemplateHash
	return last != "" && last != s.TemplateHash
}

// startTime returns when the present template started, or was last resumed.
func (s *State) startTime() *metav1.Time {
	last := s.Job.Status.StartTime
	switch {
	case s.suspended():
		return last
	case last == nil, s.templateChanged(), s.resumed():
		return new(metav1.NewTime(s.Now))
	}
	return last
}

// deadline returns when the nodes that are not done count as failed, if ever.
func (s *State) deadline() (time.Time, bool) {
	start := s.startTime()
	if start == nil || s.suspended() {
		return time.Time{}, false
	}
	return deadline(&s.Job.Spec, &start.Time)
}

// expired returns whether the deadline has passed.
func (s *State) expired() bool {
	at, ok := s.deadline()
	return ok && !s.Now.Before(at)
}

// untilDeadline returns the time to the deadline, 0 without one.
func (s *State) untilDeadline() time.Duration {
	at, ok := s.deadline()
	if !ok {
		return 0
	}
	return max(time.Millisecond, at.Sub(s.Now))
}

// finishedCondition returns the condition that ended the Job of this status, or nil.
func finishedCondition(status *v1beta1.JobStatus) *metav1.Condition {
	job := v1beta1.Job{Status: *status}
	return job.Finished()
}

// index fills what is looked up by name or UID, and tells each pod its node.
func (s *State) index() {
	s.nodes = make(map[string]*Node, len(s.Nodes))
	for i := range s.Nodes {
		s.nodes[s.Nodes[i].Name] = &s.Nodes[i]
	}
	for i := range s.Pods {
		s.Pods[i].on = s.node(s.Pods[i].Node)
	}
	s.indexRecords()
}

// node returns the node of this name, nil if there is none.
func (s *State) node(name string) *Node {
	if node := s.nodes[name]; node != nil {
		return node
	}
	return s.Others[name]
}

// hasNode returns whether the node exists.
func (s *State) hasNode(name string) bool { return s.node(name) != nil }

// untilSlow returns the time until a pod that is starting takes too long, 0 for none.
func (s *State) untilSlow() time.Duration {
	var wait time.Duration
	for i := range s.Pods {
		pod := &s.Pods[i]
		if pod.State == Active && !pod.Started && !pod.ScheduledAt.IsZero() && !s.isSlow(pod) {
			wait = soonest(wait, pod.ScheduledAt.Add(startTimeout).Sub(s.Now))
		}
	}
	return wait
}
