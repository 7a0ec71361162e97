package plan

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
)

const (
	skipped        = "skipped"
	pastDeadline   = "stopped past the deadline"
	failedForGood  = "failed for good by a rule"
	failedJob      = "the Job failed by a rule"
	triedAgain     = "tried again"
	madeAgainGated = "the pod of a stopped node made again, gated"
	// stoppedReason is why pods are deleted whose successors stay gated.
	stoppedReason = "their nodes were skipped, or failed and are stopped"
)

// failsJob returns a pod of the Job whose exit fails it, empty without one. Neither a node that
// is recorded nor a pod that the user retries has a say.
func (w *world) failsJob(s *State) types.UID {
	retried := s.retryTime()
	for _, p := range w.pods {
		m := w.machine(p.node)
		counts := p.job == s.Job.UID && p.hash == s.TemplateHash && w.ds != nil && p.owner == w.ds.UID && !p.terminating() && !p.evicted && !p.lost
		switch {
		case !counts, m == nil, !m.matches(), m.tainted(), p.done && !p.exit, p.sandboxed == lacksSandbox:
		case retried != nil && p.created.Before(retried.Time):
		case w.recordOf(s.Job.UID, s.run(), m.UID) != nil, w.endedEarlier(p, m):
		case slices.ContainsFunc(s.Records.Unwritten.Nodes, func(entry v1beta1.NodeRecord) bool { return entry.NodeUID == m.UID }):
			// The manager observed its end before it observed that the user set the rule.
		case actionFor(s.Job.Spec.NodeFailurePolicy, p.confirmed) == v1beta1.NodeActionFailJob:
			return p.uid
		}
	}
	return ""
}

// endedEarlier returns whether an earlier exit of the pod skips its node, or fails it for good.
func (w *world) endedEarlier(p *simPod, m *machine) bool {
	for _, happened := range w.rules.exits[work{p.job, p.hash, m.UID}] {
		for _, policy := range w.rules.policies[p.job] {
			if action := actionFor(policy, happened.code); happened.pod == p.uid && action != "" && action != v1beta1.NodeActionFailJob {
				return true
			}
		}
	}
	return false
}

// mayFailJob returns whether the work of the run ended with a code for which a rule of the Job,
// now or before, fails it.
func (w *world) mayFailJob(s *State) bool {
	for did, exits := range w.rules.exits {
		for _, happened := range exits {
			for _, policy := range w.rules.policies[s.Job.UID] {
				if did.job == s.Job.UID && did.hash == s.TemplateHash && actionFor(policy, happened.code) == v1beta1.NodeActionFailJob {
					return true
				}
			}
		}
	}
	return false
}

// checkCounts checks that no node is counted twice, and how the progress is written.
func (w *world) checkCounts(status *v1beta1.JobStatus) {
	if sum := status.Succeeded + status.Skipped + status.Failed; sum > status.Desired {
		w.breaks("%d nodes are done, %d skipped and %d failed of %d", status.Succeeded, status.Skipped, status.Failed, status.Desired)
	}
	want := fmt.Sprintf("%d/%d", status.Succeeded+status.Skipped, status.Desired)
	if status.Completed != want && (status.Completed != "" || status.Desired != 0) {
		w.breaks("completed is %q, want %q", status.Completed, want)
	}
}

// checkFailing checks that a status which rests on a live read fails the Job if an exit does, and
// that a Job holds itself only if more nodes failed than it tolerates.
func (w *world) checkFailing(s *State, update *StatusUpdate, u unfinished) {
	status := &update.Status
	decides := s.Live && daemonset.UpToDate(s.DaemonSet, s.TemplateHash) && s.Job.Status.TemplateHash == s.TemplateHash
	if decides && u.fails != "" && !update.Outcome.Withheld && !meta.IsStatusConditionTrue(status.Conditions, v1beta1.JobFailed) {
		w.breaks("an exit of %s fails the Job, which goes on", u.fails)
	}
	holds := func(status *v1beta1.JobStatus) bool {
		c := meta.FindStatusCondition(status.Conditions, v1beta1.JobSuspended)
		return c != nil && c.Status == "True" && daemonset.IsHold(c.Reason)
	}
	if tolerated := toleratedFailures(&s.Job.Spec, u.desired); holds(status) && !holds(&s.Job.Status) && !s.expired() && len(u.failed) <= tolerated {
		w.breaks("the Job holds itself, but only nodes %v failed", u.failed)
	}
}

// checkStop checks that a pod whose node failed or is skipped is deleted after a page says so.
func (w *world) checkStop(s *State, p *simPod, why string) {
	m := w.machine(p.node)
	if w.job == nil || w.job.UID != s.Job.UID {
		return // Its records went with it.
	}
	if m == nil || p.hash != s.TemplateHash || slices.Contains([]string{"the Job is over", "unschedulable", "their nodes were replaced"}, why) {
		return
	}
	entry := w.recordOf(s.Job.UID, s.run(), m.UID)
	switch {
	case entry == nil:
		w.breaks("%s was deleted before its node was recorded: %s", p.uid, why)
	case entry.Result == v1beta1.RecordSucceeded:
	default:
		p.stopping = true
		if t := w.tryOf(s, m); entry.Result == v1beta1.RecordFailed && w.triesOf(s, m, nil).failed[p.uid] {
			if w.rules.stops[t] == nil {
				w.rules.stops[t] = map[types.UID]bool{}
			}
			w.rules.stops[t][p.uid] = true
		}
	}
}

// stoppedForGood returns how many nodes of the Job have failed, and are recorded to run no more.
func (w *world) stoppedForGood() int32 {
	s, stopped := &State{Job: w.job, TemplateHash: w.job.Status.TemplateHash}, int32(0)
	for _, m := range w.machines {
		entry := w.recordOf(s.Job.UID, s.run(), m.UID)
		if t := w.triesOf(s, m, nil); entry != nil && entry.Result == v1beta1.RecordFailed && (t.forGood || len(t.failed) > retries(s)) {
			stopped++
		}
	}
	return min(stopped, w.job.Status.Failed)
}

// lateBy returns how long a pod is past its node's deadline, by any that the Job ever had.
func (w *world) lateBy(job, pod types.UID) time.Duration {
	bound, known := w.rules.boundAt[pod]
	if deadlines := w.rules.deadlines[job]; known && len(deadlines) > 0 {
		return w.now.Sub(bound) - time.Duration(slices.Min(deadlines))*time.Second
	}
	return -1
}
