package plan

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
)

// kubernetes lets a random component of Kubernetes do one thing.
func (w *world) kubernetes() {
	switch w.random.IntN(8) {
	case 0:
		w.seen, w.seenGeneration = w.ds, w.dsGeneration
	case 1, 2:
		w.syncDaemonSet()
	case 3:
		w.collectGarbage()
	default:
		if len(w.pods) > 0 {
			p := w.pods[w.random.IntN(len(w.pods))]
			w.schedule(p)
			w.runPod(p)
		}
	}
}

// syncDaemonSet is the DaemonSet controller. It makes pods from the template that it
// observed last, and deletes those that ended or whose node does not match.
func (w *world) syncDaemonSet() {
	if w.ds == nil || jobOf(w.ds) == "" || w.seen == nil || w.seen.UID != w.ds.UID || !w.ds.DeletionTimestamp.IsZero() {
		return
	}
	desired, current := int32(0), int32(0)
	for _, m := range w.machines {
		var there []*simPod
		for _, p := range w.podsOn(m.Name) {
			if p.owner == "" && !p.terminating() {
				p.owner = w.ds.UID // It adopts the pods that it selects.
				w.podChanged(p)
			}
			if p.owner == w.ds.UID {
				there = append(there, p)
			}
		}
		switch runs := m.matches() && !m.tainted() && m.ready(); {
		case !m.matches():
			w.deletePods(there)
		case runs && len(there) == 0 && (w.calm || !w.chance(4)):
			w.makePod(m)
			desired, current = desired+1, current+1
			continue
		case runs:
			desired++
		}
		if len(there) > 0 && m.matches() {
			current++
		}
		w.deletePods(slices.DeleteFunc(there, func(p *simPod) bool { return !p.evicted }))
	}
	status := w.ds.Status
	status.ObservedGeneration, status.DesiredNumberScheduled, status.CurrentNumberScheduled = w.seen.Generation, desired, current
	if !equality.Semantic.DeepEqual(status, w.ds.Status) {
		w.ds = w.ds.DeepCopy()
		w.ds.Status = status
		w.dsChanged()
	}
}

func (w *world) makePod(m *machine) {
	uid := w.uid("pod")
	p := &simPod{
		name: string(uid), uid: uid, node: m.Name, owner: w.ds.UID, job: jobOf(w.ds), generation: w.seenGeneration,
		hash: w.seen.Spec.Template.Labels[v1beta1.LabelTemplateHash], exit: len(w.seen.Spec.Template.Spec.InitContainers) > 0,
		created: w.stamp().Time, gated: daemonset.HasGate(&w.seen.Spec.Template.Spec), asks: asksForOutput(w.seen),
		hangs: w.hangs() && !w.calm && w.chance(3), ignores: w.chance(4),
	}
	w.pods = append(w.pods, p)
	w.note("DaemonSet controller made %s (%s, gated %t) on %s", p.uid, p.hash, p.gated, p.node)
	w.podChanged(p)
	if w.job != nil && w.job.UID == p.job && p.gated {
		run := v1beta1.JobRun{TemplateHash: p.hash, Generation: w.job.Status.RunGeneration}
		if entry := w.recordOf(p.job, run, m.UID); entry != nil && entry.Result == v1beta1.RecordSucceeded {
			w.count[keptDone]++
		} else if entry != nil && entry.Reason != v1beta1.ReasonBackoffLimitExceeded {
			w.count[madeAgainGated]++
		}
	}
}

func (w *world) deletePods(pods []*simPod) {
	for _, p := range pods {
		w.deletePod(p)
	}
}

// deletePod is a request to delete a pod. One that has no node, or ended, is gone at once.
func (w *world) deletePod(p *simPod) {
	switch {
	case p.terminating():
	case !p.bound || p.evicted:
		w.removePod(p)
	default:
		p.deletion = w.stamp().Add(30 * time.Second)
		w.podChanged(p)
	}
}

// removePod removes the object: nothing of the pod runs any more.
func (w *world) removePod(p *simPod) {
	w.pods = slices.DeleteFunc(w.pods, func(other *simPod) bool { return other == p })
	p.running = false
	w.podGone(p)
}

// collectGarbage deletes what has no owner any more, and the pods of nodes that are gone.
func (w *world) collectGarbage() {
	if w.ds != nil && jobOf(w.ds) != "" && (w.job == nil || w.job.UID != jobOf(w.ds)) {
		w.removeDaemonSet("garbage collector")
	}
	for _, p := range slices.Clone(w.pods) {
		switch {
		case w.machine(p.node) == nil:
			w.removePod(p)
		case p.owner != "" && (w.ds == nil || p.owner != w.ds.UID) && (w.calm || w.chance(2)):
			w.deletePod(p)
		}
	}
}

func (w *world) removeDaemonSet(by string) {
	w.note("%s deleted DaemonSet %s", by, w.ds.UID)
	w.ds = nil
	w.dsChanged()
}

// schedule is the scheduler.
func (w *world) schedule(p *simPod) {
	m := w.machine(p.node)
	if m == nil || p.gated || p.bound || p.evicted {
		return
	}
	fits := !m.full && !m.tainted() && m.ready() && m.matches()
	p.bound, p.unschedulable, p.scheduledAt = fits, !fits, w.stamp().Time
	w.rules.boundAt[p.uid] = w.now
	w.podChanged(p)
}

// runPod is the kubelet of the pod's node, which does one thing.
func (w *world) runPod(p *simPod) {
	m := w.machine(p.node)
	switch {
	case m == nil || !m.ready() || !p.bound:
		return
	case p.terminating() && p.ignores && w.now.Before(p.deletion):
		w.workOn(p, m)
		return
	case p.terminating() && (w.calm || w.chance(2)):
		w.note("kubelet stopped %s on %s", p.uid, p.node)
		w.removePod(p)
		return
	case p.lost && w.calm:
		w.removePod(p)
		return
	case p.terminating() || p.evicted || p.lost:
		return
	case !p.started:
		p.started, p.running, p.sandbox, p.startedAt = true, true, w.now, w.now
		w.note("kubelet started %s (%s) on %s", p.uid, p.hash, p.node)
	case p.sandboxed != hasSandbox:
		w.boot(p)
	case p.done, p.hangs && w.hangs():
		return
	case !w.calm && w.chance(2):
		p.restarts += w.random.Int32N(5) // Of those in between, the API server saw nothing.
		w.fail(p, m)
	case w.calm || w.chance(2):
		w.finish(p, m)
	}
	w.podChanged(p)
}

// finish lets the work of a pod be done.
func (w *world) finish(p *simPod, m *machine) {
	p.done, p.spared, p.doneOnce = true, true, true
	w.worked[work{p.job, p.hash, m.UID}], w.printed[p.output()] = true, m.UID
	w.note("%s is done on %s", p.uid, p.node)
}
