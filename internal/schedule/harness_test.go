package schedule

import (
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// stepsOfAWorld is how long a world lasts. Many short worlds see more combinations than a
// long one.
const stepsOfAWorld = 250

// longRun is the number of steps from which a run must have seen all that can happen.
const longRun = 50_000

// step lets one random thing happen.
func (w *world) step() {
	leader := w.leaders[0]
	if w.both {
		leader = w.leaders[w.random.IntN(2)]
	}
	switch n := w.random.IntN(100); {
	case n < 15:
		w.kubernetes()
	case n < 40:
		w.deliver(leader, w.chance(2))
	case n < 72:
		w.reconcile(leader)
	case n < 86:
		w.now = w.now.Add(pick(w, 300*time.Millisecond, time.Second, 20*time.Second, time.Minute, 7*time.Minute, time.Hour))
	case n < 87:
		w.now = w.now.Add(time.Duration(w.random.IntN(30)) * 24 * time.Hour) // The manager was down.
	case n < 92:
		w.disturb()
	case n < 93:
		w.leaders[0], w.leaders[1] = w.leaders[1], w.leaders[0]
		w.interrupt()
		w.note("manager %s leads", w.leaders[0].name)
	case n < 94:
		w.restart(leader)
	default:
		w.deliver(leader, true)
		w.reconcile(leader)
	}
}

// heal undoes what keeps runs from starting.
func (w *world) heal() {
	w.note("the world settles")
	w.calm, w.both, w.refusing, w.guard = true, false, false, Guard{}
	w.serverSkew, w.managerSkew, w.leaders[0].last.at = 0, 0, time.Time{}
	for _, job := range w.jobs {
		if w.poisoned[job.UID] || len(children([]*v1beta1.Job{job}, w.cronJob)) == 0 {
			w.removeJob(job)
		}
	}
	c := w.cronJob.DeepCopy()
	c.Generation++
	c.Spec.Suspend = nil
	if _, err := Parse(c.Spec.Schedule, c.Spec.TimeZone); err != nil {
		c.Spec.Schedule, c.Spec.TimeZone = "*/5 * * * *", "Europe/Berlin"
	}
	w.setCronJob(c)
}

// settleNow lets all Jobs end and the manager do all that it has to do, while the clock stands.
func (w *world) settleNow() {
	for idle := 0; idle < 3 && w.broken == ""; {
		for _, job := range w.jobs {
			if !isOver(job) {
				w.changeJob(job, completeAt(w.serverStamp().Time))
			} else if job.DeletionTimestamp != nil || len(children([]*v1beta1.Job{job}, w.cronJob)) == 0 {
				w.removeJob(job)
			}
		}
		w.deliver(w.leaders[0], true)
		idle++
		if w.reconcile(w.leaders[0]) {
			idle = 0
		}
		if len(w.log) > 20_000 {
			w.breaks("the world does not settle")
		}
	}
}

// settle requires that nothing is left to do after a while, and that the next run starts.
func (w *world) settle() {
	w.heal()
	w.settleNow()
	status := &w.cronJob.Status
	for _, ahead := range []*metav1.Time{status.LastScheduleTime, status.ScheduleSince, &w.cronJob.CreationTimestamp} {
		if ahead != nil && ahead.After(w.now) {
			w.now = ahead.Time // A clock was ahead.
		}
	}
	w.settleNow()
	w.requireSettled()
	w.requireNextRun()
}

func (w *world) requireSettled() {
	status := &w.cronJob.Status
	ready := meta.FindStatusCondition(status.Conditions, v1beta1.CronJobReady)
	if status.Pending != nil || status.ActiveJobs != 0 || ready == nil || ready.Reason != v1beta1.ReasonScheduled {
		w.breaks("it is not settled: %+v", status)
	}
	kept := map[string]int{}
	for _, job := range children(w.jobs, w.cronJob) {
		kept[job.Finished().Type]++
	}
	limit := func(limit *int32, byDefault int) int {
		if limit == nil {
			return byDefault
		}
		return int(*limit)
	}
	if kept[v1beta1.JobComplete] > limit(w.cronJob.Spec.SuccessfulJobsHistoryLimit, 3) || kept[v1beta1.JobFailed] > limit(w.cronJob.Spec.FailedJobsHistoryLimit, 1) {
		w.breaks("it keeps %v", kept)
	}
}

// requireNextRun requires that the next run starts in time, by RequeueAfter alone.
func (w *world) requireNextRun() {
	if w.broken != "" {
		return
	}
	at := w.cronJob.Status.NextScheduleTime.Time
	if early := at.Add(-3*time.Minute - 300*time.Millisecond); early.After(w.now) {
		w.now = early
	}
	l := w.leaders[0]
	for range 10 {
		w.deliver(l, true)
		d := Decide(&State{CronJob: l.cronJob, Children: children(l.jobs, l.cronJob), Guard: w.guard, Now: w.now})
		if d.Status != nil && w.now.Before(at) {
			w.breaks("it writes while it waits: %+v", d.Status)
		}
		w.now = w.now.Add(d.RequeueAfter)
		if !w.now.Before(at) {
			break
		}
	}
	w.settleNow()
	if key := (run{w.cronJob.UID, nameAt(w.cronJob, at)}); len(w.runs[key]) != 1 || w.now.Sub(at) > time.Second {
		w.breaks("%d runs of %v at %v", len(w.runs[key]), at, w.now)
	}
	w.requireSettled()
}

// fromEnv returns a number that the environment gives, so that a run can be repeated, or
// another one.
func fromEnv(name string, otherwise uint64) uint64 {
	if given, err := strconv.ParseUint(os.Getenv(name), 10, 64); err == nil {
		return given
	}
	return otherwise
}

// TestInvariants plays an API server, users, crashes and clocks at random around the real
// Decide. STEPS sets the number of steps. A long run adds worlds until all that is rare has
// happened too. A failure prints the SEED that repeats it.
func TestInvariants(t *testing.T) {
	seed, steps := fromEnv("SEED", uint64(time.Now().UnixNano())), fromEnv("STEPS", longRun)
	total := map[string]int{}
	worlds := steps / stepsOfAWorld
	for i := uint64(0); i < worlds || steps >= longRun && i < 10*worlds && len(neverIn(total)) > 0; i++ {
		w := newWorld(rand.New(rand.NewPCG(seed+i, 0)))
		for range stepsOfAWorld {
			w.step()
			if w.broken != "" {
				break
			}
		}
		if w.broken == "" {
			w.settle()
		}
		if w.broken != "" {
			t.Fatalf("SEED=%d STEPS=%d: %s\n%s", seed+i, stepsOfAWorld, w.broken, strings.Join(w.log[max(0, len(w.log)-150):], "\n"))
		}
		for what, n := range w.count {
			total[what] += n
		}
	}
	t.Logf("SEED=%d: %v", seed, total)
	if never := neverIn(total); steps >= longRun && len(never) > 0 {
		t.Errorf("%q never happened: the run tests little", never)
	}
}

// neverIn returns what a long run must have seen and did not.
func neverIn(total map[string]int) []string {
	return slices.DeleteFunc(slices.Clone(happens), func(what string) bool { return total[what] > 0 })
}

// happens is what a long run must have seen.
var happens = []string{
	"created", "exists", "refused", "stale", "uid not written", "ran twice", "replaced", "history deleted", "restarted", "by hand", "name taken", "clock jumped", "replaced CronJob",
	string(Complete), string(Failed), string(Deleted), string(Missed), string(Dropped),
	"event JobAlreadyActive", "event " + v1beta1.ReasonNameTaken, "event " + v1beta1.ReasonJobRefused, "event " + v1beta1.ReasonNotVouchedFor,
	"event " + v1beta1.ReasonLastScheduleAhead, "event " + v1beta1.ReasonInvalidSchedule, "event " + v1beta1.ReasonInvalidTimeZone,
}
