package plan

import (
	"time"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// A restore drops the status, which says that a finished Job is finished: it would run
// again on every node. Velero leaves objects with a label out of backups. The value of
// a label that is there already is the user's word, or the manager's from before.

// excludeFromBackup plans the label of a finished Job that stays.
func (p *Plan) excludeFromBackup(s *State) {
	switch wait := s.untilLabelled(&s.Job.Status); {
	case wait == immediately:
		p.ExcludeFromBackup = true
	case wait > 0:
		p.RequeueAfter = soonest(p.RequeueAfter, wait)
	}
}

// untilLabelled returns the time until a Job with this status is labelled, 0 if it has
// the label. A Job that the terminator deletes at once is not: the write is saved.
func (s *State) untilLabelled(status *v1beta1.JobStatus) time.Duration {
	if _, labelled := s.Job.Labels[v1beta1.LabelExcludeFromBackup]; labelled {
		return 0
	}
	return max(immediately, s.untilKept(status))
}
