package plan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// entriesWith returns so many entries with this output.
func entriesWith(output string, n int) Entries {
	entries := Entries{Run: v1beta1.JobRun{TemplateHash: hash, Generation: 1}}
	for i := range n {
		at := metav1.NewTime(now)
		name := fmt.Sprintf("ip-10-%03d-%03d-%03d.a-region.compute.internal", i/65536, i/256%256, i%256)
		entries.Nodes = append(entries.Nodes, v1beta1.NodeRecord{Node: name, NodeUID: types.UID(fmt.Sprintf("5d1f6e0a-0000-4000-8000-%012d", i)),
			Result: v1beta1.RecordSucceeded, Attempts: 1, StartTime: &at, EndTime: &at, Output: output})
	}
	return entries
}

// etcd stores objects of 1.5 MiB, and whoever watches pages gets each as a whole.
func TestPagesOf15000Nodes(t *testing.T) {
	const nodes = 15_000
	long := wrappers.Job(strings.Repeat("n", 63), strings.Repeat("j", v1beta1.MaxNameLength)).UID("5d1f6e0a-0000-4000-8000-000000000000").Obj()
	for name, test := range map[string]struct {
		output string
		pages  int
	}{
		"no output":      {"", 60},
		"1 KiB":          {strings.Repeat("x", 1024), 75},
		"4 KiB":          {strings.Repeat("x", 4096), 268},
		"4 KiB, escaped": {strings.Repeat("\n", 4095) + "x", 517},
	} {
		t.Run(name, func(t *testing.T) {
			g, next := NewWithT(t), 0
			pages := appendEntries(long, nil, entriesWith(test.output, nodes))
			g.Expect(len(pages)).To(BeNumerically("~", test.pages, test.pages/20))
			for i, page := range pages {
				data, err := json.Marshal(page)
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(len(data)).To(BeNumerically("<=", 256<<10))
				g.Expect(len(page.Spec.Nodes)).To(And(BeNumerically(">", 0), BeNumerically("<=", 250)))
				g.Expect(page.Spec.Sealed).To(Equal(i < len(pages)-1 || len(page.Spec.Nodes) == 250))
				g.Expect(PageNumber(page.Name)).To(Equal(i))
				for _, entry := range page.Spec.Nodes {
					g.Expect(entry.NodeUID).To(Equal(types.UID(fmt.Sprintf("5d1f6e0a-0000-4000-8000-%012d", next))), "in their order")
					next++
				}
			}
			g.Expect(next).To(Equal(nodes))
		})
	}
}

// outputs returns how many entries of the pages have an output.
func outputs(pages ...*v1beta1.JobRecord) (n int) {
	for _, page := range pages {
		for i := range page.Spec.Nodes {
			if page.Spec.Nodes[i].Output != "" {
				n++
			}
		}
	}
	return n
}

// The manager keeps outputs only as long as it has to write them.
func TestSealedPagesLoseTheirOutputs(t *testing.T) {
	g := NewWithT(t)
	pages := appendEntries(aJob, nil, entriesWith("x", 260))
	g.Expect(pages).To(HaveLen(2))
	kept := Records{Known: true}.Written(pages, Entries{}, now).Pages
	g.Expect(outputs(pages...)).To(Equal(260), "what was written is the API server's")
	g.Expect(outputs(kept[0])).To(BeZero())
	g.Expect(kept[0].Spec.Nodes).To(HaveLen(250))
	g.Expect(kept[0].Name).To(Equal(pages[0].Name))
	g.Expect(outputs(kept[1])).To(Equal(10), "it is written once more")

	// A list of the API server's, in any order, says the same.
	g.Expect(KeptPages([]*v1beta1.JobRecord{KeptPage(pages[1]), KeptPage(pages[0])})).To(Equal(kept))

	// The next entries go into the page that has its outputs.
	more := entriesWith("y", 1)
	written := appendEntries(aJob, kept, more)
	g.Expect(written).To(HaveLen(1))
	g.Expect(written[0].Name).To(Equal(pages[1].Name))
	g.Expect(outputs(written...)).To(Equal(11))
}

// A page without its outputs must never replace the one that the API server has.
func TestAPageWithoutItsOutputsIsNeverWritten(t *testing.T) {
	g := NewWithT(t)
	first := appendEntries(aJob, nil, entriesWith("x", 3))
	kept := Records{Known: true}.Written(first, Entries{}, now)
	another := entriesWith("y", 2)
	another.Run.Generation = 2
	second := appendEntries(aJob, kept.Pages, another)
	g.Expect(second).To(HaveLen(1), "another run has pages of its own")
	kept = kept.Written(second, Entries{}, now)
	g.Expect(outputs(kept.Pages[0])).To(BeZero(), "no further entry comes into a page of the run before")
	g.Expect(outputs(kept.Pages[1])).To(Equal(2))

	for _, pages := range [][]*v1beta1.JobRecord{kept.Pages, kept.Pages[:1]} {
		for _, entries := range []Entries{entriesWith("z", 1), another} {
			for _, page := range appendEntries(aJob, pages, entries) {
				g.Expect(page.Name).NotTo(Equal(first[0].Name))
			}
		}
	}
}

// A Job that never ends has pages of nodes that left long ago. Nothing asks for them, since no
// node has their UID again.
func TestSealedPagesLoseTheNodesThatLeft(t *testing.T) {
	g := NewWithT(t)
	names := func(pages ...*v1beta1.JobRecord) (all []types.UID) {
		for _, page := range pages {
			for i := range page.Spec.Nodes {
				all = append(all, page.Spec.Nodes[i].NodeUID)
			}
		}
		return all
	}
	entries := entriesWith("x", 253)
	uid := func(i int) types.UID { return entries.Nodes[i].NodeUID }
	nodes := func(without ...int) (nodes []Node) {
		for i := range entries.Nodes {
			if !slices.Contains(without, i) {
				nodes = append(nodes, Node{Name: strconv.Itoa(i), UID: uid(i)})
			}
		}
		return nodes
	}
	pages := appendEntries(aJob, nil, Entries{Run: entries.Run, Nodes: entries.Nodes[:252]})
	before := Records{Known: true}.Written(pages, Entries{}, now)
	before.Unwritten = Entries{Run: entries.Run, Nodes: entries.Nodes[252:]}

	// One is in the page that is full, one in the open page, and one in no page yet.
	kept := before.WithoutNodes(LeftNodes(nodes(), byName(nodes(7, 251, 252))))
	g.Expect(names(kept.Pages[0])).To(And(HaveLen(249), Not(ContainElement(uid(7)))))
	g.Expect(kept.Pages[0].ResourceVersion).To(Equal(before.Pages[0].ResourceVersion))
	g.Expect(kept.Pages[1]).To(BeIdenticalTo(before.Pages[1]), "it is written as a whole")
	g.Expect(kept.Unwritten).To(Equal(before.Unwritten), "it is evidence")
	g.Expect(names(before.Pages[0])).To(HaveLen(250))

	// The open page loses them when it is full.
	written := appendEntries(aJob, kept.Pages, kept.Unwritten)
	g.Expect(names(written...)).To(ConsistOf(uid(250), uid(251), uid(252)))
	kept = kept.Written(written, Entries{}, now)
	g.Expect(names(kept.Pages[1])).To(HaveLen(3))
	more := entriesWith("y", 500)
	written = appendEntries(aJob, kept.Pages, Entries{Run: entries.Run, Nodes: more.Nodes[253:]})
	g.Expect(written).To(HaveLen(1))
	g.Expect(written[0].Spec.Sealed).To(BeTrue())
	g.Expect(names(written...)).To(And(HaveLen(250), ContainElements(uid(251), uid(252))))
	kept = kept.Written(written, Entries{}, now)
	g.Expect(names(kept.Pages[1])).To(And(HaveLen(248), Not(ContainElement(uid(251))), Not(ContainElement(uid(252)))))
	g.Expect(kept.left).To(BeEmpty())
}

// An informer cache that is stale shows no node that joined lately. Only one that it has shown
// has left.
func TestANodeThatWasNeverObservedHasNotLeft(t *testing.T) {
	g := NewWithT(t)
	g.Expect(LeftNodes(nil, byName([]Node{{UID: "a"}}))).To(BeEmpty())
	g.Expect(LeftNodes([]Node{{Name: "n", UID: "a"}, {UID: "b"}}, byName([]Node{{Name: "n", UID: "c"}, {UID: "b"}}))).
		To(Equal(map[types.UID]bool{"a": true}), "another machine has its name")
}

func byName(nodes []Node) map[string]*Node {
	all := map[string]*Node{}
	for i := range nodes {
		all[nodes[i].Name] = &nodes[i]
	}
	return all
}
