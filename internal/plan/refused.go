package plan

import (
	"time"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// RefusedPage is why a page cannot be written. The zero value says that it can.
type RefusedPage struct {
	// Message is the API server's.
	Message string
	// Since is when a page was refused first, and Last when one was refused last.
	Since, Last time.Time
}

const (
	// minRecordRetry and maxRecordRetry bound the time until a refused page is tried again.
	minRecordRetry = 5 * time.Second
	maxRecordRetry = 30 * time.Second
)

// AfterRefusal returns the Records after the API server refused a page. It may have written the
// pages before that one.
func (r Records) AfterRefusal(message string, now time.Time) Records {
	if r.Refused.Message == "" {
		r.Refused.Since = now
	}
	r.Refused.Message, r.Refused.Last, r.Known = message, now, false
	return r
}

// untilRecord returns how long no page is tried, since the last one was refused: for as long as
// pages have been refused by then. 0 says that one may be written.
func (s *State) untilRecord() time.Duration {
	refused := &s.Records.Refused
	if refused.Message == "" {
		return 0
	}
	pause := min(max(refused.Last.Sub(refused.Since), minRecordRetry), maxRecordRetry)
	return max(0, refused.Last.Add(pause).Sub(s.Now))
}

// recordBlocker says that pages are refused. A Plan that tries one is carried out only once it
// is written, and says nothing of that.
func (s *State) recordBlocker() Blocker {
	if s.untilRecord() == 0 {
		return Blocker{}
	}
	return Blocker{v1beta1.ReasonRecordRefused, "the JobRecord of the nodes cannot be written, and what must not come before it waits: " +
		Shorten(s.Records.Refused.Message, 4*MaxSentence) +
		"; see the quotas and admission policies for jobrecords of the namespace, and the storage of the API server"}
}

// withhold returns the outcome, without a verdict that needs a page while pages are refused.
func (s *State) withhold(outcome Outcome, t *tally, removal removal) Outcome {
	ends := outcome.Result == Complete || outcome.Result == Fail
	if !ends || s.untilRecord() == 0 || !s.destroys(t, outcome, removal) ||
		len(s.Records.Unwritten.Nodes)+len(s.stopped(t, outcome, removal)) == 0 {
		return outcome
	}
	return Outcome{Withheld: true}
}

// waitForRecord returns the Plan for a Job whose earlier run has entries that are refused. The
// status stays that of the earlier run: it says to a later manager which run the pods worked
// for. The present run begins, and its deadline counts, once the page is written.
func waitForRecord(s *State) Plan {
	p := Plan{Unwritten: s.Records.Unwritten, RequeueAfter: s.untilRecord()}
	status := WithBlocker(s.Job, s.recordBlocker(), s.Now)
	wait := writeAfter(&s.Job.Status, &status, s.LastStatusWrite, s.Now)
	if p.RequeueAfter = soonest(p.RequeueAfter, wait); wait == 0 {
		p.Status = &StatusUpdate{Status: status, Events: blockedEvent(&s.Job.Status, &status)}
	}
	return p
}

// waitsForRecord returns whether a pod stays because the page with its node's entry is refused.
func (s *State) waitsForRecord(pod Pod) bool {
	return pod.on != nil && s.untilRecord() > 0 && s.entries.written[pod.on.UID] != s.entries.of(pod.on)
}
