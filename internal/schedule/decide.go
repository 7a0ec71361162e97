package schedule

import (
	"cmp"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// maxWait is the longest time until the next decision about a CronJob that may run: the clock
// may be set forward, and a timer does not notice that.
const maxWait = time.Minute

// next is a Decision that is being made.
type next struct {
	*State
	Decision

	// status is what the status becomes.
	status v1beta1.CronJobStatus
	// schedule is nil if it is invalid, for this reason.
	schedule *Schedule
	invalid  error
	// children are sorted, the oldest first, and active are those that are not finished.
	children, active []*v1beta1.Job
	// waiting is the run that is due, and waits for the active children.
	waiting *Run
	// nameTaken is true if another Job holds the name of the pending run.
	nameTaken bool
}

// Decide returns what to do for a CronJob.
//
// A run is written ahead: status.pending and lastScheduleTime are written first, and a later
// decision, about the written status, creates the Job. A crash between any two writes so
// neither forgets a run nor repeats it.
func Decide(s *State) Decision {
	if !s.CronJob.DeletionTimestamp.IsZero() {
		return Decision{}
	}
	n := &next{State: s, status: *s.CronJob.Status.DeepCopy()}
	n.status.ObservedGeneration = s.CronJob.Generation
	n.observeChildren()
	n.observeSchedule()
	n.settlePending()
	n.startDue()
	n.pruneHistory()
	n.setNextScheduleTime()
	n.setConditions()
	if !equality.Semantic.DeepEqual(n.status, s.CronJob.Status) {
		n.Status = &n.status
	}
	return n.Decision
}

// observeSchedule parses the schedule. A changed one counts from now.
func (n *next) observeSchedule() {
	spec := &n.CronJob.Spec
	n.schedule, n.invalid = Parse(spec.Schedule, spec.TimeZone)
	observed := cmp.Or(spec.TimeZone, v1beta1.DefaultTimeZone) + " " + spec.Schedule
	switch n.status.ObservedSchedule {
	case observed:
		return
	case "":
		n.status.ScheduleSince = new(n.CronJob.CreationTimestamp)
	default:
		n.status.ScheduleSince = seconds(n.Now)
	}
	n.status.ObservedSchedule = observed
}

// since returns the time after which runs count.
func (n *next) since() time.Time {
	since := n.CronJob.CreationTimestamp.Time
	for _, t := range []*metav1.Time{n.status.LastScheduleTime, n.status.ScheduleSince} {
		if t != nil && t.After(since) {
			since = t.Time
		}
	}
	return since
}

func (n *next) suspended() bool { return n.CronJob.Spec.Suspend != nil && *n.CronJob.Spec.Suspend }

// setNextScheduleTime says when the CronJob runs next, and looks again then.
func (n *next) setNextScheduleTime() {
	n.status.NextScheduleTime = nil
	if n.status.Pending != nil || n.waiting != nil {
		n.RequeueAfter = maxWait
	}
	if n.schedule == nil || n.suspended() {
		return
	}
	after := n.Now
	if since := n.since(); since.After(after) {
		after = since
	}
	at := n.schedule.Next(after)
	n.status.NextScheduleTime = seconds(at)
	n.RequeueAfter = min(at.Sub(n.Now), maxWait)
}

// seconds returns a time as the API keeps it.
func seconds(t time.Time) *metav1.Time {
	return new(metav1.NewTime(t.UTC().Truncate(time.Second)))
}

func (n *next) emit(eventType, reason, action, message string) {
	n.Events = append(n.Events, Event{eventType, reason, action, message})
}
