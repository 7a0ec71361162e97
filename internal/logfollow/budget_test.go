package logfollow

import (
	"slices"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func TestShares(t *testing.T) {
	type amounts = map[string]int64
	for name, test := range map[string]struct {
		amount int64
		debts  amounts
		want   amounts
	}{
		"nobody owes":                {10, amounts{}, amounts{}},
		"enough for all":             {100, amounts{"a": 10, "b": 20}, amounts{"a": 10, "b": 20}},
		"one gets all":               {10, amounts{"a": 50}, amounts{"a": 10}},
		"equal parts":                {10, amounts{"a": 50, "b": 60}, amounts{"a": 5, "b": 5}},
		"who owes little gets all":   {10, amounts{"a": 500, "b": 2}, amounts{"a": 8, "b": 2}},
		"the rest is divided":        {100, amounts{"a": 500, "b": 2, "c": 500}, amounts{"a": 49, "b": 2, "c": 49}},
		"what cannot be divided":     {10, amounts{"a": 5, "b": 5, "c": 5}, amounts{"a": 3, "b": 3, "c": 4}},
		"nothing":                    {0, amounts{"a": 5}, amounts{"a": 0}},
		"nobody owes in a namespace": {5, amounts{"a": 0, "b": 9}, amounts{"a": 0, "b": 5}},
	} {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(shares(test.amount, test.debts)).To(Equal(test.want))
		})
	}
}

// Each step charges, and then a time passes. The rate is 1 MiB a second.
func TestBudget(t *testing.T) {
	const mib = 1 << 20
	flood, other, third := Group{"a", "flood"}, Group{"b", "other"}, Group{"a", "third"}
	type charges = map[Group]int
	for name, test := range map[string]struct {
		rate      int64
		charges   []charges
		passes    time.Duration
		overdrawn []Group
		debts     map[Group]int64
	}{
		"a second is saved":                {mib, []charges{{flood: mib}}, time.Second, nil, nil},
		"no more than a second is saved":   {mib, []charges{{}, {}, {}, {flood: 3 * mib}}, time.Second, []Group{flood}, map[Group]int64{flood: 2 * mib}},
		"a debt is paid later":             {mib, []charges{{flood: 3 * mib}, {}, {}}, time.Second, nil, nil},
		"a small debt is no reason":        {mib, []charges{{flood: mib + credit}}, time.Second, nil, map[Group]int64{flood: credit}},
		"a flood is not another's debt":    {mib, []charges{{flood: 9 * mib, other: credit}, {flood: mib, other: credit}}, time.Second, []Group{flood}, nil},
		"two floods get the same":          {mib, []charges{{flood: 9 * mib, other: 4 * mib}, {}}, time.Second, []Group{flood, other}, map[Group]int64{flood: 8 * mib, other: 3 * mib}},
		"namespaces get the same":          {mib, []charges{{flood: 4 * mib, third: 4 * mib, other: 4 * mib}, {}}, time.Second, []Group{flood, third, other}, map[Group]int64{flood: 3*mib + mib/2, third: 3*mib + mib/2, other: 3 * mib}},
		"what was not read is given back":  {mib, []charges{{flood: 4 * mib}, {flood: -4 * mib}}, time.Second, nil, nil},
		"payments too early pay nothing":   {mib, []charges{{flood: 2 * mib}, {}, {}}, time.Millisecond, []Group{flood}, map[Group]int64{flood: mib}},
		"without a limit nobody overdraws": {0, []charges{{flood: 9 * mib}}, time.Second, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			b, now := newBudget(test.rate), time.Unix(0, 0)
			for _, step := range test.charges {
				for group, n := range step {
					b.charge(group, n)
				}
				b.pay(now)
				now = now.Add(test.passes)
			}
			for _, group := range []Group{flood, other, third} {
				g.Expect(b.overdrawn(group)).To(Equal(slices.Contains(test.overdrawn, group)), "%v owes %d", group, b.debts[group.Namespace][group.Job])
				if want, ok := test.debts[group]; ok {
					g.Expect(b.debts[group.Namespace][group.Job]).To(Equal(want))
				}
			}
			if test.overdrawn == nil && test.debts == nil {
				g.Expect(b.debts).To(BeEmpty(), "what is paid is forgotten")
			}
		})
	}
}
