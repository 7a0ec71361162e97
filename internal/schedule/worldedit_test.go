package schedule

import (
	"time"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

func pick[T any](w *world, values ...T) T { return values[w.random.IntN(len(values))] }

func (w *world) createCronJob() {
	c := theCronJob("* * * * *", createdAt(w.serverStamp().Time))
	c.UID = w.uid("cronjob")
	w.editSpec(c)
	w.note("user created CronJob %s: %q in %s, %s", c.UID, c.Spec.Schedule, c.Spec.TimeZone, c.Spec.ConcurrencyPolicy)
	w.setCronJob(c)
}

func (w *world) replaceCronJob() {
	if w.creating {
		return
	}
	w.note("user deleted the CronJob")
	w.counted("replaced CronJob")
	w.setCronJob(nil)
	if w.chance(2) {
		w.now = w.now.Add(time.Second)
	}
	w.createCronJob()
}

var schedules = []string{"* * * * *", "*/2 * * * *", "*/5 * * * *", "*/15 * * * *", "0 * * * *", "30 1-3 * * *", "*/30 2 * * *", "@daily"}

// editSpec changes one field, or all.
func (w *world) editSpec(c *v1beta1.CronJob) {
	spec := &c.Spec
	if w.chance(3) {
		spec.Schedule = pick(w, schedules...)
	}
	if w.chance(30) {
		spec.Schedule = pick(w, "0 0 30 2 *", "@every 1m")
	}
	if w.chance(6) {
		spec.TimeZone = pick(w, "Etc/UTC", "Europe/Berlin", "Europe/Berlin", "Australia/Lord_Howe", "Australia/Lord_Howe", "Europe/Bonn")
	}
	if w.chance(3) {
		spec.Suspend = new(w.chance(5))
	}
	if w.chance(3) {
		spec.ConcurrencyPolicy = pick(w, v1beta1.ForbidConcurrent, v1beta1.ForbidConcurrent, v1beta1.ReplaceConcurrent, v1beta1.AllowConcurrent)
	}
	if w.chance(4) {
		spec.StartingDeadlineSeconds = pick(w, nil, nil, new(int64(0)), new(int64(10)), new(int64(90)), new(int64(4000)))
	}
	if w.chance(4) {
		withHistory(pick[int32](w, -1, 0, 1, 3), pick[int32](w, -1, 0, 1, 3))(c)
	}
}

func (w *world) edit() {
	if w.cronJob == nil {
		return
	}
	c := w.cronJob.DeepCopy()
	c.Generation++
	w.editSpec(c)
	w.note("user edited: %q in %s, suspend %t, %s, deadline %v", c.Spec.Schedule, c.Spec.TimeZone, c.Spec.Suspend != nil && *c.Spec.Suspend, c.Spec.ConcurrencyPolicy, deadlineOf(c))
	w.setCronJob(c)
}

func deadlineOf(c *v1beta1.CronJob) int64 {
	if c.Spec.StartingDeadlineSeconds == nil {
		return -1
	}
	return *c.Spec.StartingDeadlineSeconds
}
