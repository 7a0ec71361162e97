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

func names(nodes []node) []string {
	all := []string{}
	for _, n := range nodes {
		all = append(all, n.name)
	}
	return all
}

func aNode(name string, state nodeState, created int64) node {
	return node{name: name, pod: name, uid: types.UID(name), state: state, current: true, created: time.Unix(created, 0)}
}

func TestGatesToOpen(t *testing.T) {
	old, leaving := aNode("old", held, 0), aNode("leaving", held, 0)
	old.current, leaving.leaving = false, true
	stopping := aNode("stopping", working, 0)
	stopping.leaving, stopping.current = true, false
	tests := map[string]struct {
		nodes []node
		limit int
		open  []string
	}{
		"no limit":                       {[]node{aNode("b", held, 1), aNode("a", held, 1)}, unlimited, []string{"a", "b"}},
		"none is free":                   {[]node{aNode("a", working, 1), aNode("b", held, 1)}, 1, []string{}},
		"one is free":                    {[]node{aNode("a", working, 1), aNode("b", held, 1), aNode("c", held, 1)}, 2, []string{"b"}},
		"done, failed and lost are free": {[]node{aNode("a", done, 1), aNode("b", failed, 1), aNode("c", lost, 1), aNode("d", held, 1)}, 1, []string{"d"}},
		"the older pods first":           {[]node{aNode("a", held, 2), aNode("b", held, 1)}, 1, []string{"b"}},
		"others' gates stay closed":      {[]node{old, leaving}, unlimited, []string{}},
		"what is being stopped counts":   {[]node{stopping, aNode("a", held, 1)}, 1, []string{}},
		"more work than a lowered limit": {[]node{aNode("a", working, 1), aNode("b", working, 1), aNode("c", held, 1)}, 1, []string{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(names(gatesToOpen(test.nodes, test.limit))).To(Equal(test.open))
		})
	}
}

func TestPodsThatGo(t *testing.T) {
	g := NewWithT(t)
	old, leaving := aNode("old", done, 0), aNode("leaving", failed, 0)
	old.current, leaving.leaving = false, true
	nodes := []node{old, leaving, aNode("a", done, 0), aNode("b", failed, 0), aNode("c", working, 0), aNode("d", held, 0), aNode("e", lost, 0)}
	g.Expect(names(podsToReplace(nodes))).To(Equal([]string{"old"}))
	g.Expect(names(podsToRetry(nodes))).To(Equal([]string{"b"}))
	g.Expect(names(podsToStop(nodes))).To(Equal([]string{"b", "c", "e"}))
}

// world is a cluster as it is, and as the manager's cache shows it: later.
type world struct {
	random *rand.Rand
	real   map[types.UID]*node
	cache  map[types.UID]node
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
	n := aNode(fmt.Sprintf("n%03d", w.random.IntN(1000)), held, w.serial/7)
	n.uid = types.UID(fmt.Sprint("uid", w.serial))
	w.real[n.uid] = &n
	w.change(n.uid)
}

func (w *world) pick(states ...nodeState) *node {
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

func (w *world) working() int {
	n := 0
	for _, node := range w.real {
		if node.takesSlot() {
			n++
		}
	}
	return n
}

func list[T any](nodes map[types.UID]T, value func(T) node) []node {
	all := make([]node, 0, len(nodes))
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
	w := &world{random: rand.New(rand.NewPCG(seed, 0)), real: map[types.UID]*node{}, cache: map[types.UID]node{}, limit: 3}
	const job = types.UID("job")
	gates, opened, finished := newLedger(), 0, 0
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
			if n := w.pick(held, working, done, failed); n != nil && len(w.real) > 10 {
				delete(w.real, n.uid)
				w.change(n.uid)
			}
		case 2, 3:
			if n := w.pick(working, failed); n != nil {
				n.state = done
				finished++
				w.change(n.uid)
			}
		case 4:
			if n := w.pick(working); n != nil {
				n.state = failed
				w.change(n.uid)
			}
		case 5:
			if w.random.IntN(20) == 0 {
				gates = newLedger() // A restart: nothing lives only in memory.
			}
		case 6, 7, 8:
			for range w.random.IntN(1 + len(w.events)) {
				w.events[0]()
				w.events = w.events[1:]
			}
		default:
			opened += w.reconcile(job, gates)
		}
		if n := w.working(); n > w.limit {
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
		if n := w.pick(working); n != nil {
			n.state = done
			w.change(n.uid)
		}
	}
	if n := w.pick(held, working); n != nil {
		t.Fatalf("seed %d: node %s is %s for ever", seed, n.name, n.state)
	}
}

// reconcile does what the reconciler does with gates.
func (w *world) reconcile(job types.UID, gates *ledger) int {
	nodes := list(w.cache, func(n node) node { return n })
	if !gates.trusted(job) {
		cached := nodes
		nodes = list(w.real, func(n *node) node { return *n })
		gates.compare(job, cached, nodes)
	}
	gates.correct(job, nodes)
	opened := 0
	for _, n := range gatesToOpen(nodes, w.limit) {
		gates.open(job, n.uid)
		target := w.real[n.uid]
		if target == nil {
			continue // The pod is gone.
		}
		if w.random.IntN(50) == 0 {
			if w.random.IntN(2) == 0 && target.state == held {
				target.state = working // It was written, and the answer got lost.
				w.change(n.uid)
			}
			gates.forget(job)
			break
		}
		if target.state == held {
			target.state = working
			opened++
			w.change(n.uid)
		}
	}
	return opened
}
