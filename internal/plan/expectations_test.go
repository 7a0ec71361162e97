package plan

import (
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"
)

func versioned(uid, version string) Pod { return Pod{UID: types.UID(uid), ResourceVersion: version} }

func TestExpectationsAreUnknownUntilALiveListIsCached(t *testing.T) {
	in := func(state PodState, pod Pod) Pod {
		pod.State = state
		return pod
	}
	live := []Pod{in(Active, versioned("a", "10")), in(Gated, versioned("b", "20"))}
	tests := map[string]struct {
		cached     []Pod
		known, met bool
	}{
		"the same":                        {live, true, true},
		"stale, but ungated":              {[]Pod{in(Active, versioned("a", "5")), in(Gated, versioned("b", "20"))}, true, true},
		"a gated pod is not cached yet":   {[]Pod{in(Active, versioned("a", "10"))}, false, false},
		"a deleted pod is cached":         {append([]Pod{in(Active, versioned("c", "5"))}, live...), true, true},
		"an ungated pod is cached gated":  {[]Pod{in(Gated, versioned("a", "9")), in(Gated, versioned("b", "20"))}, true, false},
		"an ungated pod is not cached":    {[]Pod{in(Gated, versioned("b", "20"))}, false, false},
		"nothing is cached":               {nil, false, false},
		"a version that cannot be judged": {[]Pod{in(Gated, versioned("a", "x")), in(Gated, versioned("b", "20"))}, true, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			var e Expectations
			e.Expect("a", "10")
			g.Expect(e.Met(test.cached)).To(BeFalse(), "they start unknown")
			e.Confirm(test.cached, live)
			g.Expect(e.Known()).To(Equal(test.known))
			g.Expect(e.Met(test.cached)).To(Equal(test.met))
			e.Forget()
			g.Expect(e.Known()).To(BeFalse())
		})
	}
}

func TestExpectationsAreMetWhenTheCacheShowsEachUngatedPod(t *testing.T) {
	g := NewWithT(t)
	var e Expectations
	e.Confirm(nil, nil)
	g.Expect(e.Met(nil)).To(BeTrue(), "nothing was ungated")
	e.Expect("a", "10")
	e.Expect("b", "11")
	e.Expect("gone", "12")
	g.Expect(e.Met([]Pod{versioned("a", "9"), versioned("b", "11")})).To(BeFalse(), "a is stale")
	g.Expect(e.Met([]Pod{versioned("a", "9"), versioned("b", "3")})).To(BeFalse(), "a is stale, and b was met before")
	g.Expect(e.Met([]Pod{versioned("a", "10"), versioned("b", "11")})).To(BeTrue())
	g.Expect(e.Met(nil)).To(BeTrue(), "what was met is not expected again")
}

// A failed pod holds no slot while the kubelet restarts it. One that is deleted does until it has stopped, and a stale
// cache does not show that.
func TestExpectationsAreMetWhenTheCacheShowsEachDeletion(t *testing.T) {
	terminating := func(pod Pod) Pod {
		pod.Terminating = true
		return pod
	}
	a, b := versioned("a", "1"), versioned("b", "1")
	known := func() *Expectations {
		e := &Expectations{}
		e.Confirm(nil, nil)
		return e
	}
	g, e := NewWithT(t), known()
	e.ExpectDeleted("a")
	g.Expect(e.Met([]Pod{a, b})).To(BeFalse())
	g.Expect(e.Met([]Pod{terminating(a), b})).To(BeTrue())
	g.Expect(e.Met([]Pod{a, b})).To(BeTrue(), "what was met is not expected again")

	e = known()
	e.ExpectDeleted("a")
	e.Expect("b", "2")
	g.Expect(e.Met([]Pod{b})).To(BeFalse(), "a is gone, and b is stale")
	g.Expect(e.Met([]Pod{versioned("b", "2")})).To(BeTrue())

	e = &Expectations{}
	e.Confirm([]Pod{a, b}, []Pod{terminating(a), b})
	g.Expect(e.Known()).To(BeTrue())
	g.Expect(e.Met([]Pod{a, b})).To(BeFalse(), "the live list shows what an earlier process deleted")
	g.Expect(e.Met([]Pod{b})).To(BeTrue())
}

// A live list that is newer than the cache shows a pod that may be ungated next, and that
// the cache would then show as deleted.
func TestExpectationsAreUnknownWithAPodThatIsNotCached(t *testing.T) {
	g, e := NewWithT(t), &Expectations{}
	e.Confirm(nil, nil)
	g.Expect(e.Known()).To(BeTrue())
	e.Confirm([]Pod{versioned("a", "1")}, []Pod{versioned("a", "1"), versioned("b", "2")})
	g.Expect(e.Known()).To(BeFalse())
}

// What is met, or unknown, is not kept: a Job can have thousands of nodes.
func TestExpectationsKeepNothingInVain(t *testing.T) {
	g, e := NewWithT(t), &Expectations{}
	e.Expect("a", "7")
	e.ExpectDeleted("b")
	g.Expect(*e).To(Equal(Expectations{}))
	e.Confirm(nil, nil)
	e.Expect("a", "7")
	e.ExpectDeleted("b")
	g.Expect(e.Met([]Pod{{UID: "a", ResourceVersion: "7"}})).To(BeTrue())
	g.Expect(*e).To(Equal(Expectations{known: true}))
}
