package plan

import (
	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
)

// stop plans that nothing more starts for a Job with this verdict in its status.
// A Complete Job whose DaemonSet stays keeps its pods, for their logs, until the
// terminator deletes it.
func (p *Plan) stop(s *State, status *v1beta1.JobStatus) {
	if s.DaemonSet == nil || !s.DaemonSet.DeletionTimestamp.IsZero() {
		return
	}
	if s.deletesDaemonSet(status.Phase) {
		p.DaemonSet = DeleteDaemonSet
		return
	}
	if wait := s.untilKept(status); wait > 0 {
		p.RequeueAfter = wait
		return
	}
	p.gateTemplate(s)
	if p.DaemonSet == KeepDaemonSet && daemonset.Observed(s.DaemonSet) {
		// Before the DaemonSet controller observes the gate, a deleted pod would run again.
		p.DeletePods, p.DeleteReason = s.podsToStop(), "the Job is over"
	}
}

// deletesDaemonSet returns whether the DaemonSet goes with the verdict: that of a Failed Job,
// and that of a Complete one that is kept, or has released its pods.
func (s *State) deletesDaemonSet(phase v1beta1.JobPhase) bool {
	return phase == v1beta1.PhaseFailed || Kept(s.Job) || releases(&s.Job.Spec)
}

// gateTemplate plans to gate the template, so that no further node starts.
func (p *Plan) gateTemplate(s *State) {
	if s.DaemonSet != nil && s.DaemonSet.DeletionTimestamp.IsZero() && !daemonset.HasGate(&s.DaemonSet.Spec.Template.Spec) {
		p.DaemonSet = GateTemplate
	}
}
