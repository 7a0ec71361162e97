package livelist

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var listed = []Version{{"a", "uid-a", "7"}, {"b", "uid-b", "7"}}

func cachedAt(version string) map[string]*metav1.ObjectMeta {
	all := map[string]*metav1.ObjectMeta{}
	for _, v := range listed {
		all[v.Name] = &metav1.ObjectMeta{Name: v.Name, UID: v.UID, ResourceVersion: version}
	}
	return all
}

func TestCompare(t *testing.T) {
	const dropped, before = "dropped while the list was open", "dropped before it was"
	for name, test := range map[string]struct {
		cached  map[string]*metav1.ObjectMeta
		dropped string
		current int
	}{
		"the same versions":                {cachedAt("7"), "", 2},
		"earlier versions":                 {cachedAt("6"), "", 0},
		"later versions":                   {cachedAt("8"), "", 0},
		"no objects":                       {nil, "", 0},
		"an object made again":             {map[string]*metav1.ObjectMeta{"a": {Name: "a", UID: "new", ResourceVersion: "7"}}, "", 0},
		"one that changed since":           {cachedAt("8"), dropped, 1},
		"one that is deleted since":        {nil, dropped, 1},
		"one that changed before the list": {cachedAt("8"), before, 0},
	} {
		t.Run(name, func(t *testing.T) {
			g, replaced := NewWithT(t), &Replaced[*metav1.ObjectMeta]{}
			was := cachedAt("7")["a"]
			if test.dropped == before {
				replaced.Add(was)
			}
			defer replaced.Begin()()
			if test.dropped == dropped {
				replaced.Add(was)
			}
			current, stale := Compare(listed, test.cached, replaced)
			g.Expect(current).To(HaveLen(test.current))
			g.Expect(stale).To(HaveLen(len(listed) - test.current))
			for _, object := range current {
				g.Expect(listed).To(ContainElement(versionOf(object)))
			}
		})
	}
}

func at(version string) *metav1.ObjectMeta {
	return &metav1.ObjectMeta{Name: "a", UID: "uid-a", ResourceVersion: version}
}

// kept returns the resourceVersions of what is kept, in the order in which it was dropped.
func kept(replaced *Replaced[*metav1.ObjectMeta]) (versions []string) {
	for _, object := range replaced.objects {
		versions = append(versions, object.ResourceVersion)
	}
	return versions
}

func TestWhatNoOpenListCanAskForIsForgotten(t *testing.T) {
	g, replaced := NewWithT(t), &Replaced[*metav1.ObjectMeta]{}
	replaced.Add(at("0"))
	g.Expect(kept(replaced)).To(BeEmpty())
	first := replaced.Begin()
	twin := replaced.Begin()
	replaced.Add(at("1"))
	second := replaced.Begin()
	replaced.Add(at("2"))
	third := replaced.Begin()
	replaced.Add(at("3"))
	second()
	g.Expect(kept(replaced)).To(HaveExactElements("1", "2", "3"))
	first()
	first()
	g.Expect(kept(replaced)).To(HaveExactElements("1", "2", "3"), "the twin is open")
	twin()
	g.Expect(kept(replaced)).To(HaveExactElements("3"))
	third()
	g.Expect(kept(replaced)).To(BeEmpty())
	replaced.Add(at("4"))
	g.Expect(kept(replaced)).To(BeEmpty())
}

// Many Jobs list nodes at all times, so that a list is always open.
func TestListsThatAlwaysOverlapKeepLittle(t *testing.T) {
	g, replaced := NewWithT(t), &Replaced[*metav1.ObjectMeta]{}
	end := replaced.Begin()
	for i := range 100 {
		next := replaced.Begin()
		replaced.Add(at(strconv.Itoa(i)))
		end()
		g.Expect(kept(replaced)).To(HaveExactElements(strconv.Itoa(i)))
		end = next
	}
}

func TestListsAndChangesAtOnce(t *testing.T) {
	g, replaced := NewWithT(t), &Replaced[*metav1.ObjectMeta]{}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 200 {
				end := replaced.Begin()
				replaced.Add(at(strconv.Itoa(i)))
				found, _ := replaced.find([]Version{versionOf(at(strconv.Itoa(i)))})
				if end(); len(found) == 0 {
					t.Errorf("%d was not kept", i)
				}
			}
		})
	}
	all.Wait()
	g.Expect(kept(replaced)).To(BeEmpty())
}

func TestCurrentWaitsForWhatTheCacheReceives(t *testing.T) {
	g, asked := NewWithT(t), 0
	replaced := &Replaced[*metav1.ObjectMeta]{}
	compare := func(versions []Version) ([]*metav1.ObjectMeta, []Version) {
		if asked++; asked < 3 {
			return Compare(versions, map[string]*metav1.ObjectMeta{"a": cachedAt("7")["a"], "b": cachedAt("6")["b"]}, replaced)
		}
		g.Expect(versions).To(Equal(listed[1:]), "what was found is not asked for again")
		return Compare(versions, cachedAt("7"), replaced)
	}
	current, stale, err := Current(t.Context(), listed, compare)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(stale).To(BeEmpty())
	g.Expect(current).To(HaveExactElements(HaveField("Name", "a"), HaveField("Name", "b")))
	g.Expect(asked).To(Equal(3))
}

// Current waits for a stale cache as long as that keeps receiving listed versions.
func TestCurrentWaitsWhileTheCacheReceives(t *testing.T) {
	g, asked := NewWithT(t), 0
	replaced := &Replaced[*metav1.ObjectMeta]{}
	many := make([]Version, 0, 2*idleTries)
	for i := range cap(many) {
		many = append(many, Version{strconv.Itoa(i), "uid", "7"})
	}
	compare := func(versions []Version) ([]*metav1.ObjectMeta, []Version) {
		cached := map[string]*metav1.ObjectMeta{}
		for _, v := range many[:asked] {
			cached[v.Name] = &metav1.ObjectMeta{Name: v.Name, UID: v.UID, ResourceVersion: v.ResourceVersion}
		}
		asked++
		return Compare(versions, cached, replaced)
	}
	current, stale, err := Current(t.Context(), many, compare)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(stale).To(BeEmpty())
	g.Expect(current).To(HaveLen(len(many)))
}

func TestCurrentGivesUp(t *testing.T) {
	g, replaced := NewWithT(t), &Replaced[*metav1.ObjectMeta]{}
	never := func(versions []Version) ([]*metav1.ObjectMeta, []Version) { return Compare(versions, nil, replaced) }
	began := time.Now()
	current, stale, err := Current(t.Context(), listed, never)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(current).To(BeEmpty())
	g.Expect(stale).To(Equal(listed))
	g.Expect(time.Since(began)).To(BeNumerically("<", receiveTries*receiveAfter))
	g.Expect(Names(stale)).To(HaveExactElements("a", "b"))

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err = Current(ctx, listed, never)
	g.Expect(err).To(MatchError(context.Canceled))
}
