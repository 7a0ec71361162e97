package plan

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
)

// world is the pods of one Job as they are, and as the informer cache shows them:
// later.
type world struct {
	random *rand.Rand
	job    *v1beta1.Job
	real   map[types.UID]*Pod
	cache  map[types.UID]Pod
	events []func()
	serial int64
	// version is that of the last change, as of all objects together.
	version      int64
	expectations Expectations
	ungated      int
}

func newWorld(seed uint64, parallelism int) *world {
	return &world{
		random: rand.New(rand.NewPCG(seed, 0)), job: job().Never().Parallelism(fmt.Sprint(parallelism)).Obj(),
		real: map[types.UID]*Pod{}, cache: map[types.UID]Pod{},
	}
}

// change makes the present version of a pod an event for the cache.
func (w *world) change(uid types.UID) {
	w.version++
	pod := w.real[uid]
	if pod == nil {
		w.events = append(w.events, func() { delete(w.cache, uid) })
		return
	}
	pod.ResourceVersion = fmt.Sprint(w.version)
	seen := *pod
	w.events = append(w.events, func() { w.cache[uid] = seen })
}

// join adds a node with a gated pod. Names and times repeat: neither tells which
// pod came first.
func (w *world) join() {
	w.serial++
	pod := podIn(Gated, fmt.Sprintf("n%06d", w.random.IntN(1_000_000)), w.serial/7)
	pod.UID = types.UID(fmt.Sprint("uid", w.serial))
	w.real[pod.UID] = &pod
	w.change(pod.UID)
}

// pick returns a random pod in one of these states, nil if there is none.
func (w *world) pick(states ...PodState) *Pod {
	var among []types.UID
	s := State{Job: w.job}
	for uid, pod := range w.real {
		if slices.Contains(states, s.stateOf(pod)) {
			among = append(among, uid)
		}
	}
	if len(among) == 0 {
		return nil
	}
	slices.Sort(among)
	return w.real[among[w.random.IntN(len(among))]]
}

// active returns how many nodes work.
func (w *world) active() int {
	n, s := 0, State{Job: w.job}
	for _, pod := range w.real {
		if s.stateOf(pod) == Active {
			n++
		}
	}
	return n
}

func (w *world) deliver(events int) {
	for _, event := range w.events[:events] {
		event()
	}
	w.events = w.events[events:]
}

// step does one random thing to the world.
func (w *world) step() {
	switch w.random.IntN(12) {
	case 0:
		if len(w.real) < 60 {
			w.join()
		}
	case 1:
		if pod := w.pick(Gated, Active, Succeeded, Failed); pod != nil && len(w.real) > 10 {
			delete(w.real, pod.UID)
			w.change(pod.UID)
		}
	case 2, 3:
		if pod := w.pick(Active, Failed); pod != nil {
			pod.State = Succeeded
			w.change(pod.UID)
		}
	case 4:
		if pod := w.pick(Active); pod != nil {
			pod.Restarts, pod.WorkFailed = 99, true
			w.change(pod.UID)
		}
	case 5:
		if w.random.IntN(20) == 0 {
			w.expectations = Expectations{} // A restart of the manager.
		}
	case 6, 7, 8:
		w.deliver(w.random.IntN(1 + len(w.events)))
	default:
		w.reconcile()
	}
}

// reconcile computes a Plan and ungates its pods, as controllers/job does. Some
// answers are lost, of writes that happened and of writes that did not.
func (w *world) reconcile() {
	s := State{Job: w.job, Now: now, TemplateHash: hash, DaemonSet: daemonSet(int32(len(w.real)), int32(len(w.real)))}
	s.DaemonSet.UID = aDaemonSet
	for _, pod := range w.real {
		s.Nodes = append(s.Nodes, Node{Name: pod.Node, Placement: daemonset.Placed})
	}
	for _, pod := range w.cache {
		s.Pods = append(s.Pods, pod)
	}
	s.ExpectationsMet = w.expectations.Met(s.Pods)
	if !w.expectations.Known() {
		cached := s.Pods
		s.Pods = nil
		for _, pod := range w.real {
			s.Pods = append(s.Pods, *pod)
		}
		w.expectations.Confirm(cached, s.Pods)
		s.ExpectationsMet = true
	}
	for _, planned := range Compute(s).Ungate {
		pod, lost := w.real[planned.UID], w.random.IntN(50) == 0
		if pod == nil {
			continue // The API server answered that the pod is deleted.
		}
		if pod.State == Gated && (!lost || w.random.IntN(2) == 0) {
			pod.State = Active
			w.ungated++
			w.change(pod.UID)
		}
		if lost {
			w.expectations.Forget()
			return
		}
		w.expectations.Expect(pod.UID, pod.ResourceVersion)
	}
}

// seed returns SEED, by which a run can be repeated, or a random one.
func seed(t *testing.T) uint64 {
	t.Helper()
	random := uint64(time.Now().UnixNano())
	if given, err := strconv.ParseUint(os.Getenv("SEED"), 10, 64); err == nil {
		random = given
	}
	t.Logf("SEED=%d", random)
	return random
}

// TestParallelismIsNeverExceeded runs many random steps with a stale cache, restarts,
// lost answers, nodes that join, leave, fail and recover, and checks after each
// step how many nodes really work.
func TestParallelismIsNeverExceeded(t *testing.T) {
	const parallelism, steps = 3, 200_000
	seed := seed(t)
	w := newWorld(seed, parallelism)
	for range 20 {
		w.join()
	}
	for step := range steps {
		w.step()
		if n := w.active(); n > parallelism {
			t.Fatalf("SEED=%d, step %d: %d nodes work, %d may", seed, step, n, parallelism)
		}
	}
	if w.ungated < steps/40 {
		t.Fatalf("SEED=%d: only %d pods were ungated: the run tests nothing", seed, w.ungated)
	}
	// Left alone, every node gets its turn: no slot leaks.
	for range 1000 {
		w.deliver(len(w.events))
		w.reconcile()
		if pod := w.pick(Active); pod != nil {
			pod.State = Succeeded
			w.change(pod.UID)
		}
	}
	if pod := w.pick(Gated, Active); pod != nil {
		t.Fatalf("SEED=%d: node %s stays %s", seed, pod.Node, pod.State)
	}
}
