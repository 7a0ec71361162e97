package plan

import (
	"time"

	"github.com/darkowlzz/daemonset-job/internal/daemonset"
)

// movePods plans to replace the pods of earlier templates and tries, to take back
// slots, and to ungate pods. A suspended Job replaces none: its nodes finish their
// work, unless a rule stops it. Nor does one whose admission policy is missing. No pod is
// deleted before new pods are made from the present template, because the DaemonSet
// controller would run the old work once more.
func (p *Plan) movePods(s *State, t *tally, removal removal) {
	if s.movesPods() {
		p.DeletePods, p.DeleteReason = s.podsToReplace(), "the Job's template changed"
	}
	if len(p.DeletePods) == 0 && (s.gateObserved() || !s.runsOnce()) {
		p.DeletePods, p.DeleteReason, p.DeleteUnchanged = removal.pods, removal.reason, true
	}
	if !s.movesPods() {
		return
	}
	var reclaimAfter, ungateAfter time.Duration
	p.Reclaim, reclaimAfter = s.podsToReclaim()
	if s.ExpectationsMet {
		p.Ungate, ungateAfter = s.podsToUngate(&t.membership, p.DeletePods)
	}
	p.RequeueAfter = soonest(reclaimAfter, ungateAfter)
}

// movesPods returns whether pods are deleted to be made again, and ungated.
func (s *State) movesPods() bool {
	return !s.suspended() && !s.guarded() && daemonset.UpToDate(s.DaemonSet, s.TemplateHash)
}
