package plan

import "github.com/darkowlzz/daemonset-job/api/v1beta1"

// recordLate adds the entries of nodes that got done after the verdict Failed was decided, before
// their pods were told to stop. A Job that is resumed would do their work again.
func (s *State) recordLate() {
	if s.Job.Finished().Type == v1beta1.JobFailed && s.records() && s.Job.Status.RunGeneration != 0 {
		s.recordRun(s.run(), s.entries)
	}
}

// recordLate plans the page of these entries. The pods of a large Job stop one after the other.
func (p *Plan) recordLate(s *State) {
	s.recordLate()
	p.Unwritten = s.Records.Unwritten
	switch {
	case len(p.Unwritten.Nodes) == 0:
		return
	case !s.Records.Known:
		p.RequeueAfter = immediately // The next State has them.
		return
	}
	if wait := max(s.untilRecord(), s.Records.LastWrite.Add(minFlushInterval).Sub(s.Now)); wait > 0 {
		p.RequeueAfter = soonest(p.RequeueAfter, wait)
		return
	}
	p.Pages = appendEntries(s.Job, s.Records.Pages, p.Unwritten)
	records := s.countPages(p.Pages)
	if records == s.Job.Status.Records {
		return
	}
	if p.Status == nil {
		p.Status = &StatusUpdate{Status: *s.Job.Status.DeepCopy()}
	}
	p.Status.Status.Records = records
}
