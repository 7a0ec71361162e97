package plan

import (
	"cmp"
	"slices"
	"strings"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// Forecast is what a Job is going to do on its nodes, as far as the nodes stay as they are.
type Forecast struct {
	// Starts are the nodes on which the work has not started, in the order in which it does.
	Starts []NodeView
	// Rest are the other nodes of the Job: those at work, those that have ended, those that are
	// left out, and those on which the work does not start.
	Rest []NodeView
	// AtOnce is how many nodes work at once at most, 0 for all of them.
	AtOnce int
	// Tolerated is how many nodes may fail before the Job fails or holds itself.
	Tolerated int
	// Stopped are the nodes whose pods hold a slot until they have stopped: they run an earlier
	// template, or the work of an earlier Job of the name.
	Stopped []string
	// Held says why no node starts for now. Empty if they do.
	Held string
}

// Predict returns what the manager is going to do.
//
// Nodes start in the order in which the DaemonSet controller makes their pods, and those whose
// pods have the same time in the order of their names. Before there are pods, names are all
// that is known. Nodes that are tried again come last.
func Predict(s State) Forecast {
	if s.templateChanged() {
		// The status and the record are about what ran before.
		fresh := *s.Job
		fresh.Status = v1beta1.JobStatus{}
		s.Job, s.Records = &fresh, Records{Known: true}
	}
	s.index()
	f := Forecast{}
	outcome := s.nextOutcome()
	ends := s.whyOver(outcome)
	if f.Held = ends; f.Held == "" {
		f.Held = s.whyHeld(outcome)
	}
	members := 0
	for _, v := range View(s) {
		if v.State != NodeLeftOut {
			members++
		}
		switch {
		case !s.starts(&v):
			f.Rest = append(f.Rest, v)
		case ends != "":
			v.State, v.Why = NodeNotRun, ends
			f.Rest = append(f.Rest, v)
		default:
			f.Starts = append(f.Starts, v)
		}
	}
	slices.SortStableFunc(f.Starts, func(a, b NodeView) int {
		return cmp.Or(compareTries(a.State, b.State), compareCreation(a.Pod, b.Pod), strings.Compare(a.Node, b.Node))
	})
	if n := slots(&s.Job.Spec, members); n < unlimited {
		f.AtOnce = n
	}
	f.Tolerated = toleratedFailures(&s.Job.Spec, members)
	for i := range s.Pods {
		if pod := &s.Pods[i]; !s.upToDate(pod) && s.holdsSlot(pod) {
			f.Stopped = append(f.Stopped, pod.Node)
		}
	}
	slices.Sort(f.Stopped)
	f.Stopped = slices.Compact(f.Stopped)
	return f
}

// starts returns whether the work on a node has yet to start. A user who resumes a Failed Job
// tries the nodes again that have not succeeded.
func (s *State) starts(v *NodeView) bool {
	switch v.State {
	case NodeWaiting, NodeRetried:
		return true
	case NodeFailed, NodeNotRun:
		return IsResumed(s.Job)
	}
	return false
}

// compareTries orders nodes that are tried again behind the others: the manager retries failed
// nodes only when all other nodes are finished.
func compareTries(a, b NodeState) int {
	switch {
	case a == b || a != NodeRetried && b != NodeRetried:
		return 0
	case a == NodeRetried:
		return 1
	}
	return -1
}

// compareCreation orders nodes by the creation of their pods. Those that have none come last.
func compareCreation(a, b *Pod) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return a.Created.Compare(b.Created)
}

// nextOutcome returns what becomes of a Job that has a DaemonSet and no verdict, as the manager
// evaluates it in its next reconcile.
func (s *State) nextOutcome() Outcome {
	if s.DaemonSet == nil || s.Job.Finished() != nil {
		return Outcome{}
	}
	t := s.tally()
	return evaluate(s, &t)
}

// whyOver says why no node starts any more, empty if some may.
func (s *State) whyOver(outcome Outcome) string {
	finished := s.Job.Finished()
	switch {
	case !s.Job.DeletionTimestamp.IsZero():
		return "the Job is being deleted"
	case finished != nil && !IsResumed(s.Job):
		return "the Job is " + finished.Type + ", and what it runs is the same"
	case outcome.Result == Fail:
		return "the Job fails at once: " + outcome.Message
	case outcome.Result == Complete:
		return "the Job is Complete at once: " + outcome.Message
	}
	return ""
}

// whyHeld says why no node starts for now, empty if they do.
func (s *State) whyHeld(outcome Outcome) string {
	switch {
	case s.held():
		return "the Job holds itself, since too many nodes failed"
	case s.Job.Suspended():
		return "the Job is suspended"
	case outcome.Result == Hold && !IsResumed(s.Job):
		return "the Job holds itself at once: " + outcome.Message
	}
	return ""
}
