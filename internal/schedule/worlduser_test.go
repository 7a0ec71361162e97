package schedule

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// kubernetes lets a Job go one step further, or the garbage collector work.
func (w *world) kubernetes() {
	if len(w.jobs) == 0 {
		return
	}
	job := w.jobs[w.random.IntN(len(w.jobs))]
	owner := metav1.GetControllerOf(job)
	switch {
	case job.DeletionTimestamp != nil && w.chance(3), owner != nil && (w.cronJob == nil || w.cronJob.UID != owner.UID) && w.chance(3):
		w.note("%s is gone", job.Name)
		w.removeJob(job)
	case isOver(job), w.poisoned[job.UID]:
	case job.Status.ObservedGeneration != job.Generation:
		w.changeJob(job, func(job *v1beta1.Job) {
			job.Status = v1beta1.JobStatus{Phase: v1beta1.PhaseRunning, ObservedGeneration: job.Generation}
		})
	case w.chance(12):
		w.changeJob(job, held)
	case w.chance(4):
		w.changeJob(job, failedAt(w.serverStamp().Time))
	case w.chance(2):
		w.changeJob(job, completeAt(w.serverStamp().Time))
	}
}

func (w *world) changeJob(job *v1beta1.Job, change func(*v1beta1.Job)) {
	job = job.DeepCopy()
	change(job)
	w.note("%s %s is %s", job.Name, job.UID, job.Status.Phase)
	w.setJob(job)
}

// disturb lets something happen that is not part of the work. Nobody creates or deletes a
// Job between the last reads before a create and the create: a manager that is stopped there
// for longer is no leader any more.
func (w *world) disturb() {
	switch n := w.random.IntN(40); {
	case n < 14:
		w.edit()
	case n < 17:
		w.runByHand()
	case n < 22:
		w.deleteByHand()
	case n < 23:
		w.replaceCronJob()
	case n < 25:
		w.takeName()
	case n < 28:
		w.jumpClock()
	case n < 30:
		w.refusing = w.chance(3)
		w.note("the API server refuses Jobs: %t", w.refusing)
	case n < 32:
		w.guard.Missing = pick(w, "", "", "", "apply it")
		w.note("the policy is missing: %q", w.guard.Missing)
	case n < 36:
		w.both = !w.both && !w.creating
		w.interrupt()
		w.note("two leaders: %t", w.both)
	default:
		w.kubernetes()
	}
}

func (w *world) runByHand() {
	if w.cronJob == nil || w.creating {
		return
	}
	uid := w.uid("manual")
	job := manualChild(w.cronJob, string(uid), w.now, notObserved)
	job.UID, job.CreationTimestamp = uid, w.serverStamp()
	w.poisoned[uid] = w.chance(8)
	w.note("user ran %s by hand", job.Name)
	w.counted("by hand")
	w.setJob(job)
}

func (w *world) deleteByHand() {
	if len(w.jobs) == 0 || w.creating {
		return
	}
	job := w.jobs[w.random.IntN(len(w.jobs))]
	if w.chance(2) { // The youngest is the most delicate.
		job = w.jobs[len(w.jobs)-1]
	}
	w.deleteJobByHand(job)
}

func (w *world) deleteJobByHand(job *v1beta1.Job) {
	if m := w.madeAs(job.UID); m != nil {
		m.byHand = true
	}
	w.note("user deleted %s %s", job.Name, job.UID)
	if w.chance(3) {
		w.beginDeletion(job)
		return
	}
	w.removeJob(job)
}

// takeName gives the name of the pending or of the next run to a Job of somebody else.
func (w *world) takeName() {
	if w.cronJob == nil || w.creating {
		return
	}
	status := &w.cronJob.Status
	name := ""
	if status.Pending != nil {
		name = status.Pending.Name
	} else if status.NextScheduleTime != nil {
		name = nameAt(w.cronJob, status.NextScheduleTime.Time)
	}
	if name == "" || w.named(name) != nil {
		return
	}
	w.note("somebody took the name %s", name)
	w.counted("name taken")
	w.setJob(&v1beta1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name, UID: w.uid("foreign"), Generation: 1, CreationTimestamp: w.serverStamp()}})
}

func (w *world) jumpClock() {
	skews := []time.Duration{0, 0, 0, -2 * time.Hour, -10 * time.Minute, -61 * time.Second, 5 * time.Second, 10 * time.Minute, 70 * time.Minute}
	if w.chance(3) {
		w.serverSkew = pick(w, skews...)
	} else {
		w.managerSkew = pick(w, skews...)
	}
	w.note("clocks: API server %v, manager %v", w.serverSkew, w.managerSkew)
	w.counted("clock jumped")
}
