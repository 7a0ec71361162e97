package plan

import (
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// stepsOfAWorld is how long a world lasts. Many short worlds see more combinations
// than a long one.
const stepsOfAWorld = 250

// longRun is the number of steps from which a run must have seen all that can happen.
const longRun = 100_000

// step lets one random thing happen.
func (w *world) step() {
	switch n := w.random.IntN(100); {
	case n < 40:
		w.kubernetes()
	case n < 55:
		w.deliver(w.chance(3))
	case n < 80:
		w.reconcile()
	case n < 90:
		w.now = w.now.Add([]time.Duration{100 * time.Millisecond, time.Second, 5 * time.Second, 40 * time.Second}[w.random.IntN(4)])
	case n < 99:
		w.disturb()
	default:
		w.restart()
	}
	w.check()
}

// settle heals all nodes, lets all work succeed, and requires that the Job ends.
func (w *world) settle() {
	w.note("the world settles")
	w.calm = true
	w.heal()
	w.resume() // Before the failed nodes succeed by themselves.
	for range 3 {
		w.deliver(true)
		w.reconcile()
	}
	for range 400 {
		if w.settled() || w.broken != "" {
			break
		}
		w.now = w.now.Add(5 * time.Second)
		w.seen, w.seenGeneration = w.ds, w.dsGeneration
		w.syncDaemonSet()
		w.collectGarbage()
		for _, p := range append([]*simPod(nil), w.pods...) {
			w.schedule(p)
			w.runPod(p)
		}
		w.deliver(true)
		w.reconcile()
		w.check()
		if meta.IsStatusConditionTrue(w.job.Status.Conditions, v1beta1.JobSuspended) {
			w.resume()
		}
	}
	if !w.settled() {
		w.breaks("the Job does not end: %+v", w.job.Status)
	}
	w.calm = false
}

// heal makes all nodes usable, and the user undo what keeps the Job from ending.
func (w *world) heal() {
	for len(w.machines) == 0 {
		w.join()
	}
	for _, m := range w.machines {
		m.full, m.Labels = false, map[string]string{"pool": "a"}
		w.setTaint(m, drained, false)
		w.setReady(m, true)
		w.nodeChanged(m)
	}
	if w.ds != nil && jobOf(w.ds) == "" {
		w.removeDaemonSet("user")
	}
	if w.job != nil && w.job.DeletionTimestamp != nil {
		w.removeJob("user")
	}
	w.guard.Missing, w.refusing = "", false
	if w.job != nil && w.guard.Blocker(w.job).Reason != "" {
		w.removeJob("user")
	}
	if w.job == nil {
		w.now = w.now.Add(time.Minute)
		w.createJob()
	}
	if w.job.Suspended() {
		w.changeSpec(func(spec *v1beta1.JobSpec) { spec.Suspend = nil })
	}
}

// settled returns whether the Job is finished. One that never ends is so too, when its
// status says that all nodes are done, skipped, or stopped for good.
func (w *world) settled() bool {
	status := &w.job.Status
	if status.ObservedGeneration != w.job.Generation {
		return false
	}
	if neverEnds(&w.job.Spec) && w.job.Finished() == nil {
		return int(status.Succeeded+status.Skipped+w.stoppedForGood()) == len(w.machines)
	}
	return w.job.Finished() != nil
}

// fromEnv returns a number that the environment gives, so that a run can be repeated,
// or another one.
func fromEnv(name string, otherwise uint64) uint64 {
	if given, err := strconv.ParseUint(os.Getenv(name), 10, 64); err == nil {
		return given
	}
	return otherwise
}

// TestInvariants plays Kubernetes, users and failing networks at random around the real
// Compute, and checks the invariants of docs/architecture.md after each step. STEPS
// sets the number of steps. A long run adds worlds until all that is rare has happened too.
// A failure prints the SEED that repeats it.
func TestInvariants(t *testing.T) {
	seed, steps := fromEnv("SEED", uint64(time.Now().UnixNano())), fromEnv("STEPS", longRun)
	defer func(usual int) { maxEntries = usual }(maxEntries)
	maxEntries = 3 // A world has few nodes.
	total := counts{}
	worlds := steps / stepsOfAWorld
	for i := uint64(0); i < worlds || steps >= longRun && i < 10*worlds && len(total.never()) > 0; i++ {
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
		total.add(w.count)
	}
	t.Logf("SEED=%d: %+v", seed, total)
	if never := total.never(); steps >= longRun && len(never) > 0 {
		t.Errorf("%q never happened: the run tests little", never)
	}
}
