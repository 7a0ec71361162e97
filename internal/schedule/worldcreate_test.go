package schedule

import (
	"errors"
	"slices"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// create creates the Job of the pending run, after it has read live what it rests on, and
// writes its uid.
func (w *world) create(l *leader, c *v1beta1.CronJob, planned Run) error {
	if w.cronJob == nil || w.cronJob.UID != c.UID || w.cronJob.ResourceVersion != c.ResourceVersion {
		return errConflict
	}
	if c.Spec.ConcurrencyPolicy != v1beta1.AllowConcurrent && w.isStale(l, c) {
		w.counted("stale")
		return errConflict
	}
	job := JobFor(c, planned)
	key := run{c.UID, planned.Name}
	outer, excused := w.creating, w.mayRunAgain(key)
	w.creating = true
	err := w.request(l, func() error { return w.createJob(l, c, planned, job, excused) })
	w.creating = outer
	last := attempt{run: key, generation: c.Generation, at: w.now}
	switch {
	case errors.Is(err, errRefused):
		last.refusal = &Refusal{Name: planned.Name, Message: err.Error()}
		l.last = last
		w.counted("refused")
		return err
	case err == nil:
		last.uid = job.UID
		l.last = last
		err = w.writeStatus(l, c, Created(c, job.UID))
	default:
		w.interrupt()
	}
	if made := w.named(planned.Name); err != nil && made != nil && !w.creating && w.chance(4) {
		w.counted("uid not written")
		w.deleteJobByHand(made)
	}
	return err
}

// interrupt lets nobody know which Jobs were created whose uid is not written.
func (w *world) interrupt() {
	for _, all := range w.runs {
		for _, m := range all {
			m.interrupted = m.interrupted || !m.recorded
		}
	}
}

// mayRunAgain returns whether nobody can know that a run took place: its Job was created, its
// uid was not written after that, and a user deleted it.
func (w *world) mayRunAgain(key run) bool {
	for _, earlier := range w.runs[key] {
		if earlier.recorded || !earlier.byHand || !earlier.interrupted {
			w.note("%s is known: %+v", key.name, earlier)
			return false
		}
	}
	return true
}

// isStale returns whether the API server has a Job of the CronJob that is not finished, or was
// not as the cache has it.
func (w *world) isStale(l *leader, c *v1beta1.CronJob) bool {
	for _, job := range children(w.jobs, c) {
		i := slices.IndexFunc(l.jobs, func(cached *v1beta1.Job) bool { return cached.UID == job.UID })
		if i < 0 || !isOver(l.jobs[i]) || l.jobs[i].ResourceVersion != job.ResourceVersion {
			return true
		}
	}
	return false
}

// createJob is the API server's part of a create, with what must hold then.
func (w *world) createJob(l *leader, c *v1beta1.CronJob, planned Run, job *v1beta1.Job, excused bool) error {
	if w.refusing {
		return errRefused
	}
	if w.named(job.Name) != nil {
		w.counted("exists")
		return errExists
	}
	if w.cronJob != nil && w.cronJob.UID == c.UID {
		if last := w.cronJob.Status.LastScheduleTime; last == nil || last.Time.Before(planned.ScheduledTime) {
			w.breaks("manager %s created %s, and lastScheduleTime is %v", l.name, job.Name, last)
		}
	}
	key := run{c.UID, job.Name}
	if len(w.runs[key]) > 0 {
		w.counted("ran twice")
		if !excused {
			w.breaks("manager %s created %s again", l.name, job.Name)
		}
	}
	if c.Spec.ConcurrencyPolicy != v1beta1.AllowConcurrent {
		for _, other := range children(w.jobs, c) {
			if !isOver(other) {
				w.breaks("manager %s created %s beside %s with %s", l.name, job.Name, other.Name, c.Spec.ConcurrencyPolicy)
			}
		}
	}
	job.UID, job.Generation, job.CreationTimestamp = w.uid("job"), 1, w.serverStamp()
	notObserved(job)
	w.runs[key] = append(w.runs[key], &made{uid: job.UID, interrupted: w.both})
	w.note("manager %s created %s %s", l.name, job.Name, job.UID)
	w.counted("created")
	w.setJob(job)
	return nil
}
