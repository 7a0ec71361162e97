package job

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"
)

func names(nodes []observedPod) []string {
	all := []string{}
	for _, n := range nodes {
		all = append(all, n.name)
	}
	return all
}

func aNode(name string, state podState, created int64) observedPod {
	return observedPod{name: name, pod: name, uid: types.UID(name), state: state, upToDate: true, created: time.Unix(created, 0)}
}

func TestGatesToOpen(t *testing.T) {
	old, terminating := aNode("old", gated, 0), aNode("leaving", gated, 0)
	old.upToDate, terminating.terminating = false, true
	stopping := aNode("stopping", active, 0)
	stopping.terminating, stopping.upToDate = true, false
	tests := map[string]struct {
		nodes []observedPod
		limit int
		open  []string
	}{
		"no limit":                       {[]observedPod{aNode("b", gated, 1), aNode("a", gated, 1)}, unlimited, []string{"a", "b"}},
		"none is free":                   {[]observedPod{aNode("a", active, 1), aNode("b", gated, 1)}, 1, []string{}},
		"one is free":                    {[]observedPod{aNode("a", active, 1), aNode("b", gated, 1), aNode("c", gated, 1)}, 2, []string{"b"}},
		"done, failed and lost are free": {[]observedPod{aNode("a", succeeded, 1), aNode("b", failed, 1), aNode("c", lost, 1), aNode("d", gated, 1)}, 1, []string{"d"}},
		"the older pods first":           {[]observedPod{aNode("a", gated, 2), aNode("b", gated, 1)}, 1, []string{"b"}},
		"others' gates stay closed":      {[]observedPod{old, terminating}, unlimited, []string{}},
		"what is being stopped counts":   {[]observedPod{stopping, aNode("a", gated, 1)}, 1, []string{}},
		"more work than a lowered limit": {[]observedPod{aNode("a", active, 1), aNode("b", active, 1), aNode("c", gated, 1)}, 1, []string{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(names(podsToUngate(test.nodes, test.limit))).To(Equal(test.open))
		})
	}
}

func TestPodsThatGo(t *testing.T) {
	g := NewWithT(t)
	old, terminating := aNode("old", succeeded, 0), aNode("leaving", failed, 0)
	old.upToDate, terminating.terminating = false, true
	nodes := []observedPod{old, terminating, aNode("a", succeeded, 0), aNode("b", failed, 0), aNode("c", active, 0), aNode("d", gated, 0), aNode("e", lost, 0)}
	g.Expect(names(podsToReplace(nodes))).To(Equal([]string{"old"}))
	g.Expect(names(podsToRetry(nodes))).To(Equal([]string{"b"}))
	g.Expect(names(podsToStop(nodes))).To(Equal([]string{"b", "c", "e"}))
}

// world is a cluster as it is, and as the manager's cache shows it: later.
type world struct {
	random *rand.Rand
	real   map[types.UID]*observedPod
	cache  map[types.UID]observedPod
	events []func()
	serial int64
	limit  int
	// version is that of the last change, as of all objects together.
	version int64
}

// change the real world now, and the cache some time later, in order.
func (w *world) change(uid types.UID) {
	n := w.real[uid]
	w.version++
	if n != nil {
		n.version = fmt.Sprint(w.version)
	}
	if n == nil {
		w.events = append(w.events, func() { delete(w.cache, uid) })
		return
	}
	seen := *n
	w.events = append(w.events, func() { w.cache[uid] = seen })
}

func (w *world) join() {
	w.serial++
	// Names and times are no help in telling what came first: both repeat.
	n := aNode(fmt.Sprintf("n%03d", w.random.IntN(1000)), gated, w.serial/7)
	n.uid = types.UID(fmt.Sprint("uid", w.serial))
	w.real[n.uid] = &n
	w.change(n.uid)
}

func (w *world) pick(states ...podState) *observedPod {
	var among []types.UID
	for uid, n := range w.real {
		if slices.Contains(states, n.state) {
			among = append(among, uid)
		}
	}
	if len(among) == 0 {
		return nil
	}
	slices.Sort(among)
	return w.real[among[w.random.IntN(len(among))]]
}

func (w *world) active() int {
	n := 0
	for _, observedPod := range w.real {
		if observedPod.takesSlot() {
			n++
		}
	}
	return n
}

func list[T any](nodes map[types.UID]T, value func(T) observedPod) []observedPod {
	all := make([]observedPod, 0, len(nodes))
	for _, n := range nodes {
		all = append(all, value(n))
	}
	return all
}

// TestParallelismIsNeverExceeded runs thousands of random steps with a cache that
// lags behind, restarts, answers that get lost, nodes that join, leave, fail and
// recover, and looks at the real world after each.
func TestParallelismIsNeverExceeded(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if given, err := strconv.ParseUint(os.Getenv("SEED"), 10, 64); err == nil {
		seed = given
	}
	t.Logf("seed %d", seed)
	w := &world{random: rand.New(rand.NewPCG(seed, 0)), real: map[types.UID]*observedPod{}, cache: map[types.UID]observedPod{}, limit: 3}
	const job = types.UID("job")
	gates, opened, finished := newExpectations(), 0, 0
	for range 20 {
		w.join()
	}
	for step := range 20000 {
		switch w.random.IntN(12) {
		case 0:
			if len(w.real) < 60 {
				w.join()
			}
		case 1:
			if n := w.pick(gated, active, succeeded, failed); n != nil && len(w.real) > 10 {
				delete(w.real, n.uid)
				w.change(n.uid)
			}
		case 2, 3:
			if n := w.pick(active, failed); n != nil {
				n.state = succeeded
				finished++
				w.change(n.uid)
			}
		case 4:
			if n := w.pick(active); n != nil {
				n.state = failed
				w.change(n.uid)
			}
		case 5:
			if w.random.IntN(20) == 0 {
				gates = newExpectations() // A restart: nothing lives only in memory.
			}
		case 6, 7, 8:
			for range w.random.IntN(1 + len(w.events)) {
				w.events[0]()
				w.events = w.events[1:]
			}
		default:
			opened += w.reconcile(job, gates)
		}
		if n := w.active(); n > w.limit {
			t.Fatalf("seed %d, step %d: %d nodes are working, %d may", seed, step, n, w.limit)
		}
	}
	if opened < 500 || finished < 500 {
		t.Fatalf("seed %d: the run opened only %d gates and finished %d nodes: it tests nothing", seed, opened, finished)
	}
	// Left alone, it gets everything done: no slot leaks.
	for range 1000 {
		for _, event := range w.events {
			event()
		}
		w.events = nil
		w.reconcile(job, gates)
		if n := w.pick(active); n != nil {
			n.state = succeeded
			w.change(n.uid)
		}
	}
	if n := w.pick(gated, active); n != nil {
		t.Fatalf("seed %d: node %s is %s for ever", seed, n.name, n.state)
	}
}

// reconcile does what the reconciler does with gates.
func (w *world) reconcile(job types.UID, gates *expectations) int {
	nodes := list(w.cache, func(n observedPod) observedPod { return n })
	if !gates.trusted(job) {
		cached := nodes
		nodes = list(w.real, func(n *observedPod) observedPod { return *n })
		gates.compare(job, cached, nodes)
	}
	gates.correct(job, nodes)
	opened := 0
	for _, n := range podsToUngate(nodes, w.limit) {
		gates.open(job, n.uid)
		target := w.real[n.uid]
		if target == nil {
			continue // The pod is gone.
		}
		if w.random.IntN(50) == 0 {
			if w.random.IntN(2) == 0 && target.state == gated {
				target.state = active // It was written, and the answer got lost.
				w.change(n.uid)
			}
			gates.forget(job)
			break
		}
		if target.state == gated {
			target.state = active
			opened++
			w.change(n.uid)
		}
	}
	return opened
}
