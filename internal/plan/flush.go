package plan

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

const (
	// minFlushInterval is the shortest time between two writes of the page that is not full,
	// and flushPart is the part of the Job's time for which it waits otherwise. The number of
	// writes then does not grow with the number of nodes.
	minFlushInterval = 5 * time.Second
	flushPart        = 50
)

// record plans which entries are remembered, and which pages are written now. A failed node
// is recorded by the Plan that stops its work, or never: it might succeed after all.
func (p *Plan) record(s *State, t *tally, outcome Outcome, removal removal) {
	stopped, destroys := s.stopped(t, outcome, removal), s.destroys(t, outcome, removal)
	unwritten := s.Records.Unwritten
	p.Unwritten = unwritten
	if p.RequeueAfter = s.untilRecord(); p.RequeueAfter > 0 || len(unwritten.Nodes)+len(stopped) == 0 {
		return
	}
	wait, interval := s.untilFlush(unwritten)
	switch all := destroys || wait == 0; {
	case !destroys && outcome.Result == Complete:
		return // Its pods stay, and nothing depends on its records any more.
	case !all && s.openEntries(unwritten.Run)+len(unwritten.Nodes) < maxEntries:
		p.RequeueAfter = wait
		return
	default:
		p.Pages = appendEntries(s.Job, s.Records.Pages, Entries{
			Run: s.run(), RetainSeconds: unwritten.RetainSeconds, Nodes: slices.Concat(unwritten.Nodes, stopped),
		})
		if last := len(p.Pages) - 1; !all && !p.Pages[last].Spec.Sealed {
			// Each page is written once while nodes get done faster than pages are due.
			p.Later = unwritten
			p.Later.Nodes = unwritten.Nodes[len(unwritten.Nodes)-len(p.Pages[last].Spec.Nodes):]
			p.Pages, p.RequeueAfter = p.Pages[:last], interval
		}
	}
	if outcome.Result == Undecided && s.mayRelease() {
		// No event reports what the manager wrote itself.
		p.RequeueAfter = immediately
	}
}

// recordsEarlierRun returns whether entries of an earlier run are to be written.
func (s *State) recordsEarlierRun() bool {
	return s.Records.Unwritten.Run != s.run() && len(s.Records.Unwritten.Nodes) > 0
}

// recordEarlierRun returns the Plan that writes what an earlier run did, and nothing else: its
// pods are about to go, and the present run may be about to end.
func recordEarlierRun(s *State) Plan {
	unwritten := s.Records.Unwritten
	if s.untilRecord() > 0 {
		return waitForRecord(s)
	}
	if !s.Live && !s.Records.Known {
		return Plan{ReadLive: true, Unwritten: unwritten}
	}
	return Plan{Unwritten: unwritten, Pages: appendEntries(s.Job, s.Records.Pages, unwritten), RequeueAfter: immediately}
}

// untilFlush returns when all entries are to be written, 0 for now: some time after the last write, or at
// once if what they rest on is gone or going. interval is that time. Those that fill a page are
// written earlier.
func (s *State) untilFlush(entries Entries) (wait, interval time.Duration) {
	since, interval := s.Records.LastWrite, minFlushInterval
	if start := s.startTime(); start != nil {
		interval = max(interval, s.Now.Sub(start.Time)/flushPart)
		if since.IsZero() {
			since = start.Time
		}
	}
	if s.losesEvidence(entries) {
		return 0, interval
	}
	return max(0, since.Add(interval).Sub(s.Now)), interval
}

// openEntries returns how many entries the page of a run has that is not full yet, 0 without one.
func (s *State) openEntries(run v1beta1.JobRun) int {
	if n := len(s.Records.Pages); n > 0 {
		if last := s.Records.Pages[n-1]; last.Spec.Run == run && !last.Spec.Sealed {
			return len(last.Spec.Nodes)
		}
	}
	return 0
}

// losesEvidence returns whether no pod that stays says what one of the entries says. The pod
// of a node whose work is stopped goes with the next Plan.
func (s *State) losesEvidence(entries Entries) bool {
	unevident := make(map[types.UID]bool, len(entries.Nodes))
	for i := range entries.Nodes {
		if entries.Nodes[i].Result != v1beta1.RecordSucceeded {
			return true
		}
		unevident[entries.Nodes[i].NodeUID] = true
	}
	for i := range s.Pods {
		if pod := &s.Pods[i]; pod.on != nil && pod.State == Succeeded && s.upToDate(pod) && !pod.Terminating && !pod.Gone {
			delete(unevident, pod.on.UID)
		}
	}
	return len(unevident) > 0
}
