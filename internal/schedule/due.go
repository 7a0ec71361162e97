package schedule

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// due returns the latest run that is due. Those before it are superseded by it.
func (n *next) due() (time.Time, bool) {
	if n.schedule == nil {
		return time.Time{}, false
	}
	return n.schedule.Latest(n.since(), n.Now)
}

// startDue makes the run that is due the pending one. It takes the place of a pending run
// that could not be created until now.
func (n *next) startDue() {
	pending := n.status.Pending
	if n.suspended() || n.waiting != nil || n.Create != nil || pending != nil && pending.UID != "" {
		return
	}
	at, ok := n.due()
	if !ok {
		return
	}
	if n.isLate(at) {
		n.miss(at)
		return
	}
	run := Run{RunName(n.CronJob.Name, at), at}
	if n.blockedByGuard() {
		return
	}
	if n.CronJob.Spec.ConcurrencyPolicy != v1beta1.ReplaceConcurrent && n.mustWait(run) {
		return
	}
	if pending != nil {
		n.drop(Run{pending.Name, pending.ScheduledTime.Time}, "the next run is due")
	}
	n.status.LastScheduleTime = seconds(at)
	n.status.Pending = &v1beta1.PendingRun{Name: run.Name, ScheduledTime: *seconds(at)}
}

// miss gives up a run that could not start in time, and all before it. It does not move
// lastScheduleTime, which speaks of runs that started.
func (n *next) miss(at time.Time) {
	n.status.ScheduleSince = seconds(at)
	n.Results = append(n.Results, Missed)
	n.emit(corev1.EventTypeWarning, "MissSchedule", "Miss",
		fmt.Sprintf("missed the run of %s: startingDeadlineSeconds has passed", n.wallTime(at)))
}

// blockedByGuard returns whether the admission policy keeps runs from starting. A CronJob that
// ran before was checked when it was written, or ran before there was a policy.
func (n *next) blockedByGuard() bool { return n.Guard.Missing != "" || n.unvouched() }

func (n *next) unvouched() bool {
	return n.CronJob.Status.LastScheduleTime == nil && n.CronJob.CreationTimestamp.Time.Before(n.Guard.Since)
}

// wallTime formats an instant as the wall clock of the schedule's time zone shows it.
func (n *next) wallTime(t time.Time) string {
	if n.schedule != nil {
		t = t.In(n.schedule.clock.zone)
	}
	return t.Format(time.RFC3339)
}
