package plan

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func TestStaleNodes(t *testing.T) {
	g := NewWithT(t)
	cached := map[string]*Node{"same": {UID: "1"}, "replaced": {UID: "1"}, "left": {UID: "1"}}
	stale := FindStaleNodes([]Node{{Name: "same", UID: "1"}, {Name: "replaced", UID: "2"}, {Name: "joined", UID: "1"}}, cached)
	g.Expect(stale).To(Equal(StaleNodes{"replaced": "1", "joined": ""}))
	g.Expect(stale.Still(cached)).To(Equal(stale))
	cached["joined"] = &Node{UID: "1"}
	g.Expect(stale.Still(cached)).To(Equal(StaleNodes{"replaced": "1"}), "the cache shows the node by now")
	cached["replaced"] = &Node{UID: "3"}
	g.Expect(stale.Still(cached)).To(BeEmpty(), "a later machine than the live list had")
	g.Expect(StaleNodes(nil).Still(cached)).To(BeEmpty())
}

// A node joined, and its pod was ungated by a live Plan. Its work counts although the cache lacks the node.
func TestANodeThatTheCacheLacksHoldsItsSlot(t *testing.T) {
	for name, test := range map[string]struct {
		stale StaleNodes
		live  bool
		want  []string
	}{
		"a live list had it":             {StaleNodes{"b": ""}, false, []string{}},
		"no live list had it: it left":   {nil, false, []string{"a"}},
		"the present live list lacks it": {StaleNodes{"b": ""}, true, []string{"a"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := recordable(once().Parallelism("1"), pod("a").Gated(), bound(pod("b"), 5))
			s = without(s, "b")
			s.StaleNodes, s.Live = test.stale, test.live
			NewWithT(t).Expect(nodesOf(Compute(s).Ungate)).To(Equal(test.want))
		})
	}
}

// The cache shows an earlier machine of the name, and does not know what the present one did.
func TestANodeThatWasReplacedWaitsForTheCache(t *testing.T) {
	g := NewWithT(t)
	s := recordable(once(), pod("a").Gated().Created(now.Add(-time.Second).Unix()), pod("b").Gated().Created(now.Unix()))
	s.Live, s.StaleNodes = false, StaleNodes{"a": s.Nodes[0].UID}
	g.Expect(nodesOf(Compute(s).Ungate)).To(Equal([]string{"b"}))
	s.Live = true
	g.Expect(nodesOf(Compute(s).Ungate)).To(ConsistOf("a", "b"))
}
