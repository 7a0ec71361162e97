package livelist

import (
	"context"
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

// Many Jobs list nodes at all times, so that a list is always open.
func TestListsThatOverlapForEverKeepLittle(t *testing.T) {
	g, replaced := NewWithT(t), &Replaced[*metav1.ObjectMeta]{}
	was := cachedAt("7")["a"]
	end := replaced.Begin()
	for range 100 {
		next := replaced.Begin()
		replaced.Add(was)
		end()
		end()
		g.Expect(len(replaced.objects)).To(BeNumerically("<=", 2))
		g.Expect(replaced.versions()).To(HaveKey(versionOf(was)), "the later list needs it")
		end = next
	}
	end()
	g.Expect(replaced.objects).To(BeEmpty())
	g.Expect(replaced.open).To(BeEmpty())
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

func TestCurrentGivesUp(t *testing.T) {
	g, replaced := NewWithT(t), &Replaced[*metav1.ObjectMeta]{}
	never := func(versions []Version) ([]*metav1.ObjectMeta, []Version) { return Compare(versions, nil, replaced) }
	began := time.Now()
	current, stale, err := Current(t.Context(), listed, never)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(current).To(BeEmpty())
	g.Expect(stale).To(Equal(listed))
	g.Expect(time.Since(began)).To(BeNumerically("<", 10*receiveTries*receiveAfter))
	g.Expect(Names(stale)).To(HaveExactElements("a", "b"))

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err = Current(ctx, listed, never)
	g.Expect(err).To(MatchError(context.Canceled))
}
