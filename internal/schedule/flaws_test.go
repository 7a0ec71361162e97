package schedule

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// judged is a Decision with the State that it rests on, which must hold what is true of every one.
type judged struct {
	*State
	decision Decision
	before   *v1beta1.CronJobStatus
	// after is the status when the decision is done.
	after *v1beta1.CronJobStatus
	flaws []string
}

// flawsOf decides, and returns what no Decision may do.
func flawsOf(s *State) (Decision, []string) {
	given := new(*s)
	given.CronJob, given.Children, given.Named = s.CronJob.DeepCopy(), slices.Clone(s.Children), s.Named.DeepCopy()
	for i, job := range s.Children {
		given.Children[i] = job.DeepCopy()
	}
	j := &judged{State: s, decision: Decide(s), before: &s.CronJob.Status}
	j.after = j.before
	if j.decision.Status != nil {
		j.after = j.decision.Status
	}
	j.require(reflect.DeepEqual(given, s), "it changed its State")
	if len(s.Children) > 1 {
		given.Children = slices.Clone(s.Children)
		slices.Reverse(given.Children)
		j.require(reflect.DeepEqual(j.decision, Decide(given)), "it depends on the order of the children")
	}
	j.require(j.decision.Status == nil || !equality.Semantic.DeepEqual(j.decision.Status, j.before), "it writes the status that is there")
	for _, check := range []func(){j.judgeTimes, j.judgePending, j.judgeActive, j.judgeHistory, j.judgeReplaced, j.judgeConditions, j.judgeSilence, j.judgeResults} {
		check()
	}
	return j.decision, j.flaws
}

func (j *judged) require(holds bool, format string, args ...any) {
	if !holds {
		j.flaws = append(j.flaws, fmt.Sprintf(format, args...))
	}
}

func (j *judged) suspended() bool {
	return j.CronJob.Spec.Suspend != nil && *j.CronJob.Spec.Suspend
}

// base returns the time after which runs are due.
func (j *judged) base(status *v1beta1.CronJobStatus) time.Time {
	base := j.CronJob.CreationTimestamp.Time
	for _, at := range []*metav1.Time{status.LastScheduleTime, status.ScheduleSince} {
		if at != nil && at.After(base) {
			base = at.Time
		}
	}
	return base
}

// judgeTimes requires that no time moves back, and that none is passed over without an event.
func (j *judged) judgeTimes() {
	forward := func(what string, before, after *metav1.Time) {
		j.require(before == nil || after != nil && !after.Before(before), "%s moves from %v to %v", what, before, after)
	}
	forward("lastScheduleTime", j.before.LastScheduleTime, j.after.LastScheduleTime)
	forward("lastSuccessfulTime", j.before.LastSuccessfulTime, j.after.LastSuccessfulTime)
	if last := j.before.LastRun; last != nil {
		j.require(j.after.LastRun != nil && !j.after.LastRun.CreationTime.Before(&last.CreationTime), "lastRun moves from %+v to %+v", last, j.after.LastRun)
	}
	observed := j.CronJob.Spec.TimeZone + " " + j.CronJob.Spec.Schedule
	j.require(j.after.ObservedSchedule == observed, "observedSchedule is %q", j.after.ObservedSchedule)
	j.require(j.after.ObservedGeneration == j.CronJob.Generation, "observedGeneration is %d", j.after.ObservedGeneration)
	j.require(j.after.ScheduleSince != nil, "scheduleSince is unset")
	schedule, err := parsed(observed)
	requeue := j.decision.RequeueAfter
	j.require(requeue >= 0 && requeue <= time.Minute, "it looks again after %v", requeue)
	if err != nil || j.suspended() {
		j.require(j.after.NextScheduleTime == nil, "nextScheduleTime is %v", j.after.NextScheduleTime)
		j.require(j.after.Pending == nil || requeue > 0, "it does not look again, and a run is pending")
		return
	}
	next := schedule.Next(latestOf(j.Now, j.base(j.after)))
	j.require(j.after.NextScheduleTime != nil && j.after.NextScheduleTime.Time.Equal(next), "nextScheduleTime is %v and not %v", j.after.NextScheduleTime, next)
	j.require(requeue > 0 && requeue <= next.Sub(j.Now), "it looks again after %v, and the next run is after %v", requeue, next.Sub(j.Now))
	if j.before.ObservedSchedule == observed {
		missed := slices.Contains(j.decision.Results, Missed)
		forward("scheduleSince", j.before.ScheduleSince, j.after.ScheduleSince)
		j.require(j.after.ScheduleSince.Equal(j.before.ScheduleSince) == !missed, "scheduleSince moves from %v to %v, and the results are %v", j.before.ScheduleSince, j.after.ScheduleSince, j.decision.Results)
	}
	if due, ok := schedule.Latest(j.base(j.before), j.Now); ok && j.before.ObservedSchedule == observed && j.base(j.after).After(j.base(j.before)) {
		j.require(j.base(j.after).Equal(due), "%v is due, and runs count from %v now", due, j.base(j.after))
	}
}

// parsed returns a schedule behind its time zone, which most decisions of a story share.
func parsed(observed string) (*Schedule, error) {
	if known, ok := parsedBefore[observed]; ok {
		return known, nil
	}
	zone, text, _ := strings.Cut(observed, " ")
	schedule, err := Parse(text, zone)
	if err == nil {
		parsedBefore[observed] = schedule
	}
	return schedule, err
}

var parsedBefore = map[string]*Schedule{}

func latestOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (j *judged) judgeConditions() {
	conditions := j.after.Conditions
	ready, stalled := meta.FindStatusCondition(conditions, v1beta1.CronJobReady), meta.FindStatusCondition(conditions, v1beta1.CronJobStalled)
	j.require(ready != nil && len(conditions) == map[bool]int{true: 2, false: 1}[stalled != nil], "the conditions are %+v", conditions)
	if ready == nil {
		return
	}
	if stalled != nil {
		j.require(stalled.Status == metav1.ConditionTrue && ready.Status == metav1.ConditionFalse && stalled.Reason == ready.Reason && stalled.Message == ready.Message, "the conditions are %+v", conditions)
	} else {
		j.require((ready.Status == metav1.ConditionFalse) == (ready.Reason == v1beta1.ReasonGuardMissing), "the conditions are %+v", conditions)
	}
	for _, condition := range conditions {
		j.require(condition.ObservedGeneration == j.CronJob.Generation && condition.Message != "", "a condition is %+v", condition)
		was := meta.FindStatusCondition(j.before.Conditions, condition.Type)
		since := condition.LastTransitionTime.Time
		if was != nil && was.Status == condition.Status {
			j.require(since.Equal(was.LastTransitionTime.Time), "%s is so since %v and not %v", condition.Type, since, was.LastTransitionTime)
		} else {
			j.require(since.Equal(j.Now.Truncate(time.Second)), "%s is so since %v, and now it is %v", condition.Type, since, j.Now)
		}
	}
}

// judgeSilence requires that what is said is said once: with the write of what it speaks of.
func (j *judged) judgeSilence() {
	d := &j.decision
	j.require(d.Status != nil || len(d.Results) == 0, "it counts %v without a write", d.Results)
	for _, event := range d.Events {
		j.require(d.Status != nil, "it says %+v without a write", event)
		j.require(event.Message != "" && event.Action != "" && (event.Type == "Normal" || event.Type == "Warning"), "it says %+v", event)
	}
}
