package plan

import (
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
)

func versionText(p *simPod) string { return fmt.Sprint(p.version) }

// unfinished is what a verdict must not overlook, at the time of its live read.
type unfinished struct {
	// undone nodes of the Job have not done its work and are not skipped, and failed ones count
	// as failed. A hopeful one is undone and does not.
	undone, failed []string
	hopeful        bool
	desired        int
	// fails names a pod whose exit fails the Job, empty without one.
	fails types.UID
}

// unfinished returns which nodes of the Job have not done its work. What the Plan remembers is in
// a page before the verdict.
func (w *world) unfinished(s *State, p *Plan) unfinished {
	u := unfinished{fails: w.failsJob(s)}
	planned := append(remembered(s.Job, p.Unwritten), p.Pages...)
	start := s.startTime()
	for _, m := range w.machines {
		worked, tries := w.worked[work{s.Job.UID, s.TemplateHash, m.UID}], w.triesOf(s, m, planned)
		pods := slices.DeleteFunc(w.podsOn(m.Name), func(p *simPod) bool { return p.job != s.Job.UID || p.hash != s.TemplateHash })
		started := slices.ContainsFunc(pods, func(p *simPod) bool { return p.started })
		leftOut := !m.ready() && !worked && !tries.any() && (start == nil || !m.Status.Conditions[0].LastTransitionTime.After(start.Time))
		for _, p := range pods {
			if p.restarts > w.limit {
				tries.failed[p.uid] = true
			}
		}
		fails := tries.forGood || len(tries.failed) > retries(s)
		if !m.matches() || m.tainted() {
			continue
		}
		if fails {
			u.failed = append(u.failed, m.Name)
		}
		// A node that became NotReady in the second in which the Job started may be left out.
		// It is not, once it has started a pod.
		if started || !leftOut {
			u.desired++
		}
		if leftOut {
			continue
		}
		if !worked && !tries.skipped {
			u.undone = append(u.undone, m.Name)
			u.hopeful = u.hopeful || !fails
		}
	}
	return u
}

// writeStatus writes the status if the Job is as it was read, and checks it.
func (w *world) writeStatus(s *State, update *StatusUpdate, u unfinished) error {
	return w.request(func() error {
		if w.job == nil || w.job.UID != s.Job.UID || w.job.ResourceVersion != s.Job.ResourceVersion {
			return errConflict
		}
		before := w.job.Finished()
		w.changeJob(func(j *v1beta1.Job) { j.Status = *stored(&update.Status) })
		status := &w.job.Status
		w.note("manager wrote %s %s, active %d, failed %d, %s %v", status.Phase, status.Completed, status.Active, status.Failed, status.Blocked, update.Outcome)
		w.manager.memory.job, w.manager.memory.lastStatusWrite = w.job, s.Now
		w.checkCounts(status)
		w.checkFailing(s, update, u)
		w.checkGroups(status)
		if after := w.job.Finished(); after != nil && before == nil {
			w.count[verdicts]++
			w.checkVerdict(s, after, u)
			w.checkResults(s, status.Succeeded)
		}
		if s.retries() {
			w.count[retried]++
		}
		if update.Outcome.Withheld {
			w.count[withheld]++
		}
		blocker := w.observedGuard.Blocker(s.Job)
		switch {
		case blocker.Reason == "" && s.untilRecord() > 0 && w.job.Finished() == nil && s.Job.Finished() == nil && status.Blocked != v1beta1.ReasonRecordRefused:
			w.breaks("a page is refused, and the status says %q", status.Blocked)
		case blocker.Reason != "" && s.Job.Status.TemplateHash != status.TemplateHash:
			w.breaks("%s has begun, although it is blocked: %s", s.Job.UID, blocker.Reason)
		case blocker.Reason == v1beta1.ReasonNotVouchedFor:
			w.count[notVouched]++
		}
		withdrawn := before != nil && w.job.Finished() == nil && s.TemplateHash == s.Job.Status.TemplateHash
		if withdrawn && before.Type == v1beta1.JobFailed && *status.Resume != *s.Job.Status.Resume {
			w.count[resumedFailed]++
		} else if withdrawn {
			w.breaks("the verdict %s was withdrawn for the same template", before.Type)
		}
		return nil
	})
}

// stored returns the status as the API server keeps it: times have whole seconds.
func stored(status *v1beta1.JobStatus) *v1beta1.JobStatus {
	status = status.DeepCopy()
	for _, at := range []*metav1.Time{status.StartTime, status.CompletionTime, status.RetryTime} {
		if at != nil {
			at.Time = at.Truncate(time.Second)
		}
	}
	for i := range status.Conditions {
		status.Conditions[i].LastTransitionTime.Time = status.Conditions[i].LastTransitionTime.Truncate(time.Second)
	}
	return status
}

// checkVerdict checks that a Job is Complete only if each node that matches has done
// its work, and Failed only if more nodes failed than it tolerates, or by a rule.
func (w *world) checkVerdict(s *State, condition *metav1.Condition, u unfinished) {
	verdict, tolerated, expired := condition.Type, toleratedFailures(&s.Job.Spec, u.desired), s.expired()
	switch {
	case !s.Live:
		w.breaks("%s was decided on the cache", verdict)
	case verdict == v1beta1.JobComplete && len(u.undone) > tolerated:
		w.breaks("Complete, but nodes %v have not done their work", u.undone)
	case verdict == v1beta1.JobComplete && !expired && u.hopeful:
		w.breaks("Complete, but of nodes %v only %v failed", u.undone, u.failed)
	case verdict == v1beta1.JobComplete && u.desired == 0:
		w.breaks("Complete without a node")
	case verdict == v1beta1.JobFailed && condition.Reason == v1beta1.ReasonNodeFailurePolicy:
		w.count[failedJob]++
		if !w.mayFailJob(s) {
			w.breaks("Failed by a rule, but no exit matches one")
		}
	case verdict == v1beta1.JobFailed && !expired && len(u.failed) <= tolerated:
		w.breaks("Failed, but only nodes %v failed", u.failed)
	}
}

// checkApply checks that no earlier template replaces a later one, and that a Job with
// a verdict starts nothing.
func (w *world) checkApply(job *v1beta1.Job, applied *appsv1.DaemonSet) {
	if w.ds != nil && jobOf(w.ds) != job.UID {
		w.breaks("the DaemonSet of %q was applied for %s", jobOf(w.ds), job.UID)
	}
	if w.ds != nil && job.Generation < w.dsGeneration && templateHash(applied) != templateHash(w.ds) {
		w.breaks("the template was rolled back from generation %d to %d", w.dsGeneration, job.Generation)
	}
	if w.job != nil && w.job.UID == job.UID && w.job.Finished() != nil && w.job.Status.TemplateHash == templateHash(applied) {
		w.breaks("the DaemonSet of a finished Job was applied")
	}
}

// checkGuard checks that nothing starts for a Job while the policy is missing or does not
// vouch for it.
func (w *world) checkGuard(job *v1beta1.Job, starts bool, what string) {
	if reason := w.observedGuard.Blocker(job).Reason; starts && reason != "" {
		w.breaks("%s, although the Job is blocked: %s", what, reason)
	}
}

// checkDeletion checks that a pod which the manager deletes is its Job's, and that no
// work which is done, or newer than the Job that the manager knows, runs again for it.
func (w *world) checkDeletion(s *State, p *simPod, why string) {
	w.checkStop(s, p, why)
	switch {
	case p.job != s.Job.UID:
		w.breaks("%s of Job %s was deleted for Job %s", p.uid, p.job, s.Job.UID)
	case w.job == nil || w.job.UID != s.Job.UID: // Its records went with it.
	case p.hash == s.TemplateHash && p.done && !p.lost && why != "the Job is over" && !w.isRecorded(s, p.node) && !w.isRuledOut(s, p):
		w.breaks("%s is done and was deleted before that was recorded: %s", p.uid, why)
	case s.runsOnce() && p.hash == s.TemplateHash && why != "the Job is over" && why != "unschedulable" && w.seen != nil && !daemonset.HasGate(&w.seen.Spec.Template.Spec):
		w.breaks("%s was deleted, and is made again without the gate: %s", p.uid, why)
	case p.hash != s.TemplateHash && p.generation > s.Job.Generation:
		w.breaks("%s is of a later template and was deleted: %s", p.uid, why)
	}
	switch {
	case p.hash != s.TemplateHash:
		w.count[replaced]++
	case s.stopsFailures() && p.restarts > w.limit:
		w.count[stopped]++
	case releases(&s.Job.Spec) && p.done:
		w.count[released]++
	}
}

// checkUngated checks that no more nodes are at work than the Job allows, when the
// manager lets one start.
func (w *world) checkUngated(s *State, ungated *simPod) {
	atWork, limit := 0, slots(&s.Job.Spec, len(w.machines))
	for _, p := range w.pods {
		if p.mayWork() && (!p.spared || (p.stopping || s.stopsFailures()) && !p.doneOnce) && w.machine(p.node) != nil {
			atWork++
		}
		if p != ungated && p.node == ungated.node && p.mayWork() {
			w.breaks("%s was ungated beside %s", ungated.uid, p.uid)
		}
	}
	if w.isRecorded(s, ungated.node) {
		w.breaks("%s was ungated, although its node %s is done", ungated.uid, ungated.node)
	}
	w.checkTry(s, ungated)
	if atWork > limit {
		w.breaks("%d nodes may work, %d may at once", atWork, limit)
	}
}

// check checks what must hold at all times.
func (w *world) check() {
	atWork := map[string]*simPod{}
	for _, p := range w.pods {
		if !p.works() || p.doneOnce {
			continue
		}
		if other := atWork[p.node]; other != nil {
			w.breaks("%s and %s work on %s at once", other.uid, p.uid, p.node)
		}
		atWork[p.node] = p
	}
}
