package schedule

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

var (
	errConflict = errors.New("conflict")
	errExists   = errors.New("already exists")

	errRefused = errors.New("exceeded quota")
	errLost    = errors.New("the answer was lost")
	errCrashed = errors.New("the manager crashed")
)

// refusedFor is how long a manager waits after a Job was refused.
const refusedFor = 30 * time.Second

// reconcile is one of controllers/cronjob: its steps in their order, with the real decisions.
// It returns whether it did anything.
func (w *world) reconcile(l *leader) bool {
	c := l.cronJob
	if c == nil {
		l.last = attempt{}
		return false
	}
	s := &State{CronJob: c, Children: children(l.jobs, c), Guard: w.guard, Now: w.now.Add(w.managerSkew)}
	if pending := c.Status.Pending; pending != nil && !slices.ContainsFunc(s.Children, func(job *v1beta1.Job) bool { return job.Name == pending.Name }) {
		if job := w.named(pending.Name); job != nil {
			s.Named = metadataOf(job)
		}
	}
	last := l.attemptFor(c)
	s.CreatedUID, s.Refusal = last.uid, last.refusal
	d, flaws := flawsOf(s)
	if len(flaws) > 0 {
		w.breaks("manager %s of %+v with %d Jobs: %v", l.name, c.Status, len(s.Children), flaws)
	}
	if d.Status != nil {
		if err := w.writeStatus(l, c, d); err != nil {
			return w.ended(l, err)
		}
		c = w.written
	}
	for _, deletion := range d.Delete {
		if err := w.deleteJob(l, deletion); err != nil {
			return w.ended(l, err)
		}
	}
	if d.Create != nil && (last.refusal == nil || w.now.Sub(last.at) >= refusedFor) {
		return w.ended(l, w.create(l, c, *d.Create))
	}
	return len(d.Delete) > 0 || d.Status != nil
}

// attemptFor returns the last attempt for the pending run of a CronJob, if there was one. What
// was refused may have been corrected by an edit.
func (l *leader) attemptFor(c *v1beta1.CronJob) attempt {
	if c.Status.Pending == nil || l.last.run != (run{c.UID, c.Status.Pending.Name}) || l.last.refusal != nil && l.last.generation != c.Generation {
		return attempt{}
	}
	return l.last
}

// ended ends a reconcile. A manager that crashed starts again.
func (w *world) ended(l *leader, err error) bool {
	if errors.Is(err, errCrashed) {
		w.restart(l)
	}
	return true
}

// request sends a write to the API server. Other things happen before it arrives, the
// manager may crash before or after, and the answer may be lost.
func (w *world) request(l *leader, write func() error) error {
	if w.calm {
		return write()
	}
	if w.chance(8) {
		w.disturb()
	}
	if w.both && w.chance(4) {
		w.deliver(w.other(l), w.chance(2))
		w.both = false
		w.reconcile(w.other(l))
		w.both = true
		w.interrupt() // This one does not know what that one created.
	}
	switch n := w.random.IntN(120); {
	case n < 2:
		w.note("manager %s crashed before a write", l.name)
		return errCrashed
	case n < 4:
		if write() == nil {
			w.note("manager %s crashed after a write", l.name)
		}
		return errCrashed
	case n < 6:
		_ = write()
		w.note("manager %s lost an answer", l.name)
		return errLost
	case n < 8:
		return errLost // It never arrived.
	}
	return write()
}

func (w *world) other(l *leader) *leader {
	if l == w.leaders[0] {
		return w.leaders[1]
	}
	return w.leaders[0]
}

// writeStatus writes the status of this very version.
func (w *world) writeStatus(l *leader, c *v1beta1.CronJob, d Decision) error {
	err := w.request(l, func() error {
		if w.cronJob == nil || w.cronJob.UID != c.UID || w.cronJob.ResourceVersion != c.ResourceVersion {
			return errConflict
		}
		w.commit(l, d.Status)
		w.written = w.cronJob
		return nil
	})
	if err == nil {
		for _, result := range d.Results {
			w.counted(string(result))
		}
		for _, event := range d.Events {
			w.counted("event " + event.Reason)
			w.note("event %s: %s", event.Reason, event.Message)
		}
	}
	return err
}

// commit keeps a status as the API server does.
func (w *world) commit(l *leader, status *v1beta1.CronJobStatus) {
	before, after := &w.cronJob.Status, v1beta1.CronJobStatus{}
	written, err := json.Marshal(status)
	if err == nil {
		err = json.Unmarshal(written, &after)
	}
	if err != nil {
		w.breaks("the status is invalid: %v", err)
	}
	if equality.Semantic.DeepEqual(*before, after) {
		w.breaks("manager %s wrote the status that was there: %+v", l.name, after)
	}
	if before.LastScheduleTime != nil && (after.LastScheduleTime == nil || after.LastScheduleTime.Before(before.LastScheduleTime)) {
		w.breaks("lastScheduleTime moved from %v to %v", before.LastScheduleTime, after.LastScheduleTime)
	}
	if pending := after.Pending; pending != nil && pending.UID != "" {
		if m := w.madeAs(pending.UID); m == nil {
			w.breaks("nobody created the pending Job %s", pending.UID)
		} else {
			m.recorded = true
		}
	}
	if !reflect.DeepEqual(before.Pending, after.Pending) {
		w.note("manager %s wrote pending %+v, lastScheduleTime %v", l.name, after.Pending, after.LastScheduleTime)
	}
	c := w.cronJob.DeepCopy()
	c.Status = after
	w.setCronJob(c)
}

// deleteJob deletes this very Job.
func (w *world) deleteJob(l *leader, deletion Deletion) error {
	return w.request(l, func() error {
		job := w.named(deletion.Job.Name)
		if job == nil || job.UID != deletion.Job.UID {
			return nil
		}
		if !deletion.Foreground && job.ResourceVersion != deletion.Job.ResourceVersion {
			return errConflict
		}
		w.note("manager %s deleted %s, foreground: %t", l.name, job.Name, deletion.Foreground)
		if !isOver(job) && !deletion.Foreground {
			w.breaks("manager %s deleted %s, which is not finished", l.name, job.Name)
		}
		if deletion.Foreground {
			w.counted("replaced")
			w.beginDeletion(job)
		} else {
			w.counted("history deleted")
			w.removeJob(job)
		}
		return nil
	})
}

// beginDeletion lets a Job go once its pods are gone.
func (w *world) beginDeletion(job *v1beta1.Job) {
	if job.DeletionTimestamp != nil {
		return
	}
	job = job.DeepCopy()
	job.DeletionTimestamp, job.Finalizers = new(w.serverStamp()), []string{metav1.FinalizerDeleteDependents}
	w.setJob(job)
}
