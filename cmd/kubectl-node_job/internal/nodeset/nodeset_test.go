package nodeset

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	. "github.com/onsi/gomega"
)

func TestFold(t *testing.T) {
	for want, names := range map[string][]string{
		"":                             {},
		"a":                            {"a"},
		"a,b":                          {"b", "a"},
		"node-[1-3]":                   {"node-3", "node-1", "node-2", "node-1"},
		"node-[1-3,5]":                 {"node-5", "node-1", "node-2", "node-3"},
		"node-[001-003,100]":           {"node-100", "node-001", "node-002", "node-003"},
		"n[9-10]":                      {"n10", "n9"},
		"n[098-101]":                   {"n098", "n099", "n100", "n101"},
		"n[1-2,01-02]":                 {"n1", "n2", "n01", "n02"},
		"rack1-n[1-2],rack2-n[1-2]":    {"rack2-n1", "rack2-n2", "rack1-n1", "rack1-n2"},
		"rack[1-3]-a":                  {"rack1-a", "rack2-a", "rack3-a"},
		"ip-10-0-1-[7,9].ec2.internal": {"ip-10-0-1-9.ec2.internal", "ip-10-0-1-7.ec2.internal"},
		"gke-3f9a,node-1":              {"node-1", "gke-3f9a"},
		"0123456789012345678901":       {"0123456789012345678901"},
	} {
		t.Run(want, func(t *testing.T) {
			g := NewWithT(t)
			g.Expect(Fold(names)).To(Equal(want))
		})
	}
}

func TestParse(t *testing.T) {
	for set, want := range map[string][]string{
		"a,b[1-3]":            {"a", "b1", "b2", "b3"},
		" a , b[8-9, 11]":     {"a", "b8", "b9", "b11"},
		"n[008-010]":          {"n008", "n009", "n010"},
		"r[1-2]-n[1-2].local": {"r1-n1.local", "r1-n2.local", "r2-n1.local", "r2-n2.local"},
		"a,a[1],a1":           {"a", "a1"},
	} {
		t.Run(set, func(t *testing.T) {
			g := NewWithT(t)
			g.Expect(Parse(set)).To(Equal(want))
		})
	}
	for set, message := range map[string]string{
		"":                        "empty name",
		"a,,b":                    "empty name",
		"a[1-3":                   "brackets",
		"a]":                      "brackets",
		"a[[1]]":                  "brackets",
		"a[]":                     "write numbers and ranges",
		"a[x]":                    "write numbers and ranges",
		"a[3-1]":                  "ends before it begins",
		"a[1-99999999]":           "more than 100000 nodes",
		"a[1-999]b[1-999]":        "more than 100000 nodes",
		"A":                       "cannot be the name of a node",
		"a[1-2-3]":                "write numbers and ranges",
		"a[99999999999999999999]": "write numbers and ranges",
	} {
		t.Run("refuses "+set, func(t *testing.T) {
			g := NewWithT(t)
			_, err := Parse(set)
			g.Expect(err).To(MatchError(ContainSubstring(message)))
		})
	}
}

// What is folded names the same nodes.
func TestParseReadsWhatFoldWrites(t *testing.T) {
	g := NewWithT(t)
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1))
		names := map[string]bool{}
		for range random.IntN(40) {
			names[fmt.Sprintf([]string{"n%d", "n%03d", "r%d-n1", "r1-n%02d.x"}[random.IntN(4)], random.IntN(120))] = true
		}
		if len(names) == 0 {
			continue
		}
		var all []string
		for name := range names {
			all = append(all, name)
		}
		parsed, err := Parse(Fold(all))
		g.Expect(err).NotTo(HaveOccurred(), "seed %d", seed)
		slices.Sort(all)
		slices.Sort(parsed)
		g.Expect(parsed).To(Equal(all), "seed %d", seed)
	}
}
