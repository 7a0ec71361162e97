package schedule

import (
	"fmt"
	"math/rand/v2"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// world is an API server with one CronJob at a time and the Jobs of its namespace. It knows
// what really happens, which the managers observe late or never.
type world struct {
	random *rand.Rand
	now    time.Time
	// The clocks of the API server and of the machine that the managers run on differ from now.
	serverSkew, managerSkew time.Duration
	version, made           int

	// cronJob is nil while there is none. It and the jobs are never changed in place.
	cronJob *v1beta1.CronJob
	jobs    []*v1beta1.Job
	// written is the CronJob as the last write of a manager left it.
	written *v1beta1.CronJob
	// poisoned Jobs have a value that the managers cannot decode.
	poisoned map[types.UID]bool
	// runs are all Jobs that managers ever created, by CronJob and name.
	runs map[run][]*made

	leaders [2]*leader
	// both leaders are at work for a moment, otherwise the first alone.
	both bool
	// creating is true between the last reads before a create, and the create.
	creating bool

	guard    Guard
	refusing bool
	// calm worlds lose no request, and nobody crashes.
	calm   bool
	broken string
	count  map[string]int
	log    []string
}

// run is one by the schedule.
type run struct {
	cronJob types.UID
	name    string
}

// made is a Job that a manager created.
type made struct {
	uid types.UID
	// recorded is true once its uid was in the status.
	recorded bool
	// byHand is true if a user deleted it.
	byHand bool
	// interrupted is true if the manager that created it crashed before it wrote the uid, lost
	// the answer, or another one is the leader since.
	interrupted bool
}

// leader is a manager's process: its informer caches, and what it remembers.
type leader struct {
	name    string
	cronJob *v1beta1.CronJob
	jobs    []*v1beta1.Job
	// events of CronJobs and of Jobs that the caches have not got. The watches do not wait for one another.
	events [2][]func()
	// last is the last attempt to create a Job.
	last attempt
}

// attempt is what a manager remembers of the Job that it created last, or that was refused.
type attempt struct {
	run
	generation int64
	at         time.Time
	uid        types.UID
	refusal    *Refusal
}

const (
	cronJobs = iota
	jobs
)

// began is the time at which worlds begin: soon the clocks of Europe change.
var began = time.Date(2026, time.October, 24, 22, 0, 0, 0, time.UTC)

func newWorld(random *rand.Rand) *world {
	w := &world{random: random, now: began, poisoned: map[types.UID]bool{}, runs: map[run][]*made{}, count: map[string]int{}}
	if w.chance(4) {
		w.guard.Since = w.now.Add(time.Hour)
	}
	w.leaders = [2]*leader{{name: "a"}, {name: "b"}}
	w.createCronJob()
	return w
}

// chance returns true once in n times.
func (w *world) chance(n int) bool { return w.random.IntN(n) == 0 }

// note keeps the last lines of what happened, for a failure.
func (w *world) note(format string, args ...any) {
	w.log = append(w.log, w.now.Format("02 15:04:05.0  ")+fmt.Sprintf(format, args...))
}

// breaks records that an invariant does not hold.
func (w *world) breaks(format string, args ...any) {
	if w.broken == "" {
		w.broken = fmt.Sprintf(format, args...)
		w.note("BROKEN: %s", w.broken)
	}
}

// counted says how often something happened. A run in which it never does tests little.
func (w *world) counted(what string) { w.count[what]++ }

func (w *world) serverStamp() metav1.Time {
	return metav1.NewTime(w.now.Add(w.serverSkew).Truncate(time.Second))
}

func (w *world) nextVersion() string {
	w.version++
	return fmt.Sprint(w.version)
}

func (w *world) uid(kind string) types.UID {
	w.made++
	return types.UID(fmt.Sprint(kind, w.made))
}
