package schedule

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// judgePending requires that a run is written ahead, and given up only with an event.
func (j *judged) judgePending() {
	before, after, named := j.before.Pending, j.after.Pending, j.knownAs()
	count := func(result Result) (n int) {
		for _, r := range j.decision.Results {
			if r == result {
				n++
			}
		}
		return n
	}
	isNew := after != nil && (before == nil || before.Name != after.Name)
	dropped := before != nil && before.UID == "" && (after == nil || isNew)
	j.require(count(Dropped) == map[bool]int{true: 1}[dropped], "pending becomes %v after %v, and the results are %v", after, before, j.decision.Results)
	j.require(!dropped || named == "", "it drops a run whose Job %s exists", named)
	if before != nil && before.UID != "" && (after == nil || isNew) {
		j.require(named != before.UID || slices.ContainsFunc(j.Children, func(job *v1beta1.Job) bool { return job.UID == before.UID }), "it forgets %v, which the cache does not have", before)
	}
	if before != nil && after != nil && !isNew {
		j.require(before.ScheduledTime.Equal(&after.ScheduledTime) && (before.UID == after.UID || before.UID == "" && after.UID == named), "pending becomes %v after %v", after, before)
	}
	moved := !j.after.LastScheduleTime.Equal(j.before.LastScheduleTime)
	j.require(moved == isNew, "lastScheduleTime moves from %v to %v, and pending becomes %v", j.before.LastScheduleTime, j.after.LastScheduleTime, after)
	if isNew {
		at := after.ScheduledTime.Time
		j.require(j.after.LastScheduleTime.Time.Equal(at) && after.Name == nameAt(j.CronJob, at) && after.UID == "", "pending becomes %v", after)
		j.require(at.After(j.base(j.before)) && !at.After(j.Now), "%v is not due", at)
		j.require(!j.suspended(), "it starts a run of a suspended CronJob")
		j.require(!j.late(at), "it starts a run that is too late")
	}
	run := j.decision.Create
	if run == nil {
		return
	}
	j.require(before != nil && before.UID == "" && run.Name == before.Name && run.ScheduledTime.Equal(before.ScheduledTime.Time), "it creates %v, and pending is %v", run, before)
	j.require(after != nil && *after == *before, "it creates %v, and pending becomes %v", run, after)
	j.require(j.Named == nil && named == "", "it creates a Job that exists")
	j.require(!j.suspended() && j.Guard.Missing == "" && !j.late(run.ScheduledTime), "it creates a Job that must not start")
	j.require(j.CronJob.Spec.ConcurrencyPolicy == v1beta1.AllowConcurrent || len(j.unfinished()) == 0, "it creates a Job beside %d", len(j.unfinished()))
}

func (j *judged) late(at time.Time) bool {
	deadline := j.CronJob.Spec.StartingDeadlineSeconds
	return deadline != nil && j.Now.Sub(at) >= time.Duration(*deadline+1)*time.Second
}

// knownAs returns the uid of the pending run's Job, if there is one that the CronJob controls.
func (j *judged) knownAs() types.UID {
	if j.before.Pending == nil {
		return ""
	}
	if j.CreatedUID != "" && j.before.Pending.UID == "" {
		return j.CreatedUID
	}
	for _, job := range j.Children {
		if job.Name == j.before.Pending.Name {
			return job.UID
		}
	}
	if j.Named != nil && metav1.IsControlledBy(j.Named, j.CronJob) {
		return j.Named.UID
	}
	return ""
}
