package plan

import (
	"fmt"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

func manyDone(n int) Entries {
	entries := Entries{Run: aRun}
	for i := range n {
		entries.Nodes = append(entries.Nodes, done(fmt.Sprintf("node-%05d", i)))
	}
	return entries
}

func TestPagesAreFilledAndSealed(t *testing.T) {
	g := NewWithT(t)
	pages := appendEntries(aJob, nil, manyDone(15_000))
	g.Expect(pages).To(HaveLen(60))
	names := map[string]bool{}
	for i, page := range pages {
		g.Expect(page.Spec.Nodes).To(HaveLen(maxEntries))
		g.Expect(page.Spec.Sealed).To(BeTrue())
		g.Expect(page.Spec.Run).To(Equal(aRun))
		g.Expect(sizeOf(page.Spec.Nodes...)).To(BeNumerically("<", 64<<10))
		g.Expect(page.ResourceVersion).To(BeEmpty())
		g.Expect(PageNumber(page.Name)).To(Equal(i))
		g.Expect(metav1.IsControlledBy(page, aJob)).To(BeTrue())
		names[page.Name] = true
	}
	g.Expect(names).To(HaveLen(60))
}

func TestAppendEntries(t *testing.T) {
	page := func(number, entries int, run v1beta1.JobRun, sealed bool) *v1beta1.JobRecord {
		p := newPage(aJob, number, run)
		p.Spec.Nodes, p.Spec.Sealed, p.ResourceVersion = manyDone(entries).Nodes, sealed, "5"
		return p
	}
	another := v1beta1.JobRun{TemplateHash: "h0", Generation: 1}
	for name, test := range map[string]struct {
		pages []*v1beta1.JobRecord
		added int
		// written has the number, the entries, and whether it is sealed, of each page.
		written []string
	}{
		"the first page":         {nil, 1, []string{"0: 1 false"}},
		"the open page":          {[]*v1beta1.JobRecord{page(0, 250, aRun, true), page(1, 3, aRun, false)}, 2, []string{"1: 5 false"}},
		"it becomes full":        {[]*v1beta1.JobRecord{page(0, 249, aRun, false)}, 1, []string{"0: 250 true"}},
		"it overflows":           {[]*v1beta1.JobRecord{page(0, 249, aRun, false)}, 3, []string{"0: 250 true", "1: 2 false"}},
		"the last one is sealed": {[]*v1beta1.JobRecord{page(0, 3, aRun, true)}, 1, []string{"1: 1 false"}},
		"it is of another run":   {[]*v1beta1.JobRecord{page(4, 3, another, false)}, 1, []string{"5: 1 false"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			before := len(test.pages)
			var written []string
			for _, p := range appendEntries(aJob, test.pages, manyDone(test.added)) {
				written = append(written, fmt.Sprintf("%d: %d %t", PageNumber(p.Name), len(p.Spec.Nodes), p.Spec.Sealed))
			}
			g.Expect(written).To(Equal(test.written))
			for _, p := range test.pages[:before] {
				g.Expect(p.ResourceVersion).To(Equal("5"))
				g.Expect(p.Spec.Nodes).NotTo(BeEmpty())
			}
		})
	}
}

// A page is not larger than etcd and the API server handle well.
func TestPagesHaveABoundedSize(t *testing.T) {
	g := NewWithT(t)
	entries := manyDone(250)
	for i := range entries.Nodes {
		entries.Nodes[i].Output = fmt.Sprintf("%04096d", i)
	}
	pages, total := appendEntries(aJob, nil, entries), 0
	for _, page := range pages {
		g.Expect(sizeOf(page.Spec.Nodes...)).To(BeNumerically("<=", maxPageSize+2))
		total += len(page.Spec.Nodes)
	}
	g.Expect(total).To(Equal(250))
	g.Expect(len(pages)).To(BeNumerically("<=", 5))
	for _, page := range pages[:len(pages)-1] {
		g.Expect(page.Spec.Sealed).To(BeTrue())
	}
}

// The number of writes does not grow with the nodes one by one.
func TestUntilFlush(t *testing.T) {
	for name, test := range map[string]struct {
		startedAgo, writtenAgo time.Duration
		want                   time.Duration
	}{
		"just started":                  {startedAgo: time.Second, want: 4 * time.Second},
		"five seconds on":               {startedAgo: 5 * time.Second, want: 0},
		"just written":                  {startedAgo: time.Minute, writtenAgo: time.Second, want: 4 * time.Second},
		"after an hour, a 50th of it":   {startedAgo: time.Hour, writtenAgo: time.Second, want: 71 * time.Second},
		"a process that did not write":  {startedAgo: time.Hour, want: 0},
		"a write that was long ago":     {startedAgo: time.Hour, writtenAgo: time.Hour, want: 0},
		"started in a moment, by clock": {startedAgo: -time.Second, want: 6 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			s := withDone(1, stateWith(once(), gatedDaemonSet(0, 0)))
			s.Job.Status.StartTime = new(metav1.NewTime(now.Add(-test.startedAgo)))
			if test.writtenAgo > 0 {
				s.Records.LastWrite = now.Add(-test.writtenAgo)
			}
			wait, interval := s.untilFlush(manyDone(1))
			NewWithT(t).Expect(wait).To(Equal(test.want))
			NewWithT(t).Expect(interval).To(BeNumerically(">=", wait-time.Second))
		})
	}
}

// withDone adds nodes that are done to a State, and their pods.
func withDone(n int, s State) State {
	for _, e := range manyDone(n).Nodes {
		s.Nodes = append(s.Nodes, Node{Name: e.Node, UID: e.NodeUID, Placement: daemonset.Placed})
		s.Pods = append(s.Pods, Pod{Node: e.Node, UID: types.UID(e.Node), Owner: aDaemonSet, TemplateHash: hash, State: Succeeded})
	}
	s.index()
	return s
}

// Entries that fill a page are written at once, and the others with them only if all are due.
func TestFullPagesAreWrittenEarlier(t *testing.T) {
	for name, test := range map[string]struct {
		done, open, output int
		writtenAgo         time.Duration
		lost               bool
		// written and later are numbers of entries, and pages of pages.
		written, later, pages int
	}{
		"not quite":                    {done: 9, open: 240},
		"a full page":                  {done: 250, written: 250, pages: 1},
		"one that becomes full":        {done: 10, open: 240, written: 10, pages: 1},
		"more than that":               {done: 11, open: 240, written: 10, later: 1, pages: 1},
		"two full pages and more":      {done: 269, open: 240, written: 260, later: 9, pages: 2},
		"more, and it is time":         {done: 251, writtenAgo: 5 * time.Second, written: 251, pages: 2},
		"more, and a pod is going":     {done: 251, lost: true, written: 251, pages: 2},
		"pages are full by their size": {done: 250, output: 4 << 10, written: 240, later: 10, pages: 4},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := stateWith(once(), gatedDaemonSet(1, 1), pod("at-work"))
			s.Job.Status.StartTime, s.Records.LastWrite = new(metav1.NewTime(now.Add(-time.Minute))), now.Add(-max(test.writtenAgo, time.Second))
			s.Records.Known = true
			if test.open > 0 {
				s = recordedIn(aRun, s, manyDone(1000).Nodes[1000-test.open:]...)
			}
			s = withDone(test.done, s)
			last := &s.Pods[len(s.Pods)-1]
			last.Terminating, last.DeletionTime = test.lost, now.Add(time.Minute)
			if test.output > 0 {
				s.Job.Spec.Results = &v1beta1.Results{Outputs: v1beta1.OutputsAll, MaxOutputBytes: new(int32(test.output))}
				for i := range s.Pods {
					s.Pods[i].Output = strings.Repeat("x", test.output)
				}
			}
			p := Compute(s)
			written := -test.open
			for _, page := range p.Pages {
				written += len(page.Spec.Nodes)
			}
			if len(p.Pages) == 0 {
				written = 0
			}
			g.Expect(p.Unwritten.Nodes).To(HaveLen(test.done))
			g.Expect(p.Pages).To(HaveLen(test.pages))
			g.Expect(written).To(Equal(test.written))
			g.Expect(p.Later.Nodes).To(HaveLen(test.later))
			if test.later > 0 {
				g.Expect(p.Later.Nodes[0].Node).To(Equal(p.Unwritten.Nodes[test.written].Node))
				g.Expect(p.RequeueAfter).To(And(BeNumerically(">", 0), BeNumerically("<=", minFlushInterval)))
			}
		})
	}
}

// While nodes get done faster than pages are due, each page is written once. No entry is lost, and none is
// written twice, whatever makes others due in between.
func TestAFastJobWritesEachPageOnce(t *testing.T) {
	for name, test := range map[string]struct {
		nodesPerStep, writes int
	}{
		"two pages a second":          {100, 5},
		"a page in two seconds":       {30, 5},
		"a page in many times of one": {10, 4 + 1000/10/5/5 + 1},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			const nodes = 1000
			var all []*wrappers.PodWrapper
			for i := range nodes {
				all = append(all, pod(fmt.Sprintf("node-%05d", i)))
			}
			s := stateWith(once(), gatedDaemonSet(nodes, nodes), all...)
			s.Records.Known, s.Job.Status.Records, s.Job.Status.StartTime = true, 0, new(metav1.NewTime(now))
			pages, writes := map[string]*v1beta1.JobRecord{}, 0
			for done := 0; done < nodes; {
				for range min(test.nodesPerStep, nodes-done) {
					s.Pods[done].State, done = Succeeded, done+1
				}
				s.Now = s.Now.Add(200 * time.Millisecond)
				p := Compute(s)
				g.Expect(p.ReadLive).To(BeFalse())
				s.Records.Unwritten = p.Unwritten
				for _, page := range p.Pages {
					g.Expect(pages[page.Name] == nil || !pages[page.Name].Spec.Sealed).To(BeTrue(), "a full page is never written again")
					pages[page.Name], writes = page, writes+1
					page.ResourceVersion = fmt.Sprint(writes)
				}
				if len(p.Pages) > 0 {
					s.Records = s.Records.Written(p.Pages, p.Later, s.Now)
				}
				g.Expect(len(s.Records.Unwritten.Nodes) == 0 || p.RequeueAfter > 0 && p.RequeueAfter <= minFlushInterval).To(BeTrue())
			}
			recorded := map[string]int{}
			for _, page := range pages {
				for i := range page.Spec.Nodes {
					recorded[page.Spec.Nodes[i].Node]++
				}
			}
			g.Expect(recorded).To(HaveLen(nodes))
			g.Expect(recorded).NotTo(ContainElement(Not(Equal(1))))
			g.Expect(writes).To(BeNumerically("<=", test.writes))
		})
	}
}

func TestPageNumbers(t *testing.T) {
	g := NewWithT(t)
	g.Expect(pageName(aJob, 12)).To(Equal("j-j-uid-12"))
	g.Expect(PageNumber("a-b-12")).To(Equal(12))
	g.Expect(PageNumber("a-b")).To(Equal(-1))
	pages := []*v1beta1.JobRecord{newPage(aJob, 10, aRun), newPage(aJob, 9, aRun), newPage(aJob, 0, aRun)}
	SortPages(pages)
	g.Expect(PageNumber(pages[2].Name)).To(Equal(10))
}
