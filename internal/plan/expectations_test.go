package plan

import (
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"
)

func versioned(uid, version string) Pod { return Pod{UID: types.UID(uid), ResourceVersion: version} }

func TestExpectationsAreUnknownUntilTheCacheIsAsNewAsALiveList(t *testing.T) {
	live := []Pod{versioned("a", "10"), versioned("b", "20")}
	tests := map[string]struct {
		cached []Pod
		known  bool
	}{
		"the same":                     {live, true},
		"newer":                        {[]Pod{versioned("a", "11"), versioned("b", "20")}, true},
		"a deleted pod is still there": {[]Pod{versioned("a", "10"), versioned("b", "20"), versioned("c", "5")}, true},
		"a pod is stale":               {[]Pod{versioned("a", "9"), versioned("b", "20")}, false},
		"a pod is missing":             {[]Pod{versioned("a", "10")}, false},
		"nothing is cached":            {nil, false},
		"no resourceVersion":           {[]Pod{versioned("a", "x"), versioned("b", "20")}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			var e Expectations
			e.Expect("a", "10")
			g.Expect(e.Met(test.cached)).To(BeFalse(), "they start unknown")
			e.Confirm(test.cached, live)
			g.Expect(e.Known()).To(Equal(test.known))
			g.Expect(e.Met(test.cached)).To(Equal(test.known))
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
