package logfollow

import (
	"fmt"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

// waiting returns turns with these waiters, each as namespace/job.
func waiting(names ...string) *turns {
	queue := &turns{}
	for _, name := range names {
		queue.add(&waiter{group: groupOf(name)})
	}
	return queue
}

func groupOf(name string) Group {
	namespace, job, _ := strings.Cut(name, "/")
	return Group{namespace, job}
}

// order returns the next n waiters.
func order(queue *turns, n int, mayRead func(Group) bool) []string {
	var got []string
	for range n {
		w := queue.next(mayRead)
		if w == nil {
			break
		}
		got = append(got, w.group.Namespace+"/"+w.group.Job)
	}
	return got
}

func anybody(Group) bool { return true }

func TestTurnOrder(t *testing.T) {
	except := func(names ...string) func(Group) bool {
		return func(group Group) bool {
			for _, name := range names {
				if group == groupOf(name) {
					return false
				}
			}
			return true
		}
	}
	for name, test := range map[string]struct {
		waiters []string
		mayRead func(Group) bool
		want    []string
	}{
		"nobody":                           {nil, anybody, nil},
		"pods of one Job in order":         {[]string{"a/1", "a/1"}, anybody, []string{"a/1", "a/1"}},
		"Jobs of a namespace by turns":     {[]string{"a/1", "a/1", "a/1", "a/2"}, anybody, []string{"a/1", "a/2", "a/1", "a/1"}},
		"namespaces before Jobs":           {[]string{"a/1", "a/2", "a/3", "b/1", "b/1"}, anybody, []string{"a/1", "b/1", "a/2", "b/1", "a/3"}},
		"Jobs of one name":                 {[]string{"a/1", "a/1", "b/1", "b/1"}, anybody, []string{"a/1", "b/1", "a/1", "b/1"}},
		"three namespaces":                 {[]string{"a/1", "a/2", "b/1", "b/1", "c/1"}, anybody, []string{"a/1", "b/1", "c/1", "a/2", "b/1"}},
		"a Job that may not read":          {[]string{"a/1", "a/2", "b/1"}, except("a/1"), []string{"a/2", "b/1"}},
		"a namespace that may not read":    {[]string{"a/1", "a/2", "b/1", "b/1"}, except("a/1", "a/2"), []string{"b/1", "b/1"}},
		"a Job passed over keeps its turn": {[]string{"a/1", "b/1", "c/1", "b/1"}, except("a/1"), []string{"b/1", "c/1", "b/1"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			queue := waiting(test.waiters...)
			g.Expect(queue.has(test.mayRead)).To(Equal(len(test.want) > 0))
			g.Expect(order(queue, len(test.waiters), test.mayRead)).To(Equal(test.want))
			g.Expect(queue.has(test.mayRead)).To(BeFalse())
			rest := len(test.waiters) - len(test.want)
			g.Expect(order(queue, len(test.waiters), anybody)).To(HaveLen(rest))
			g.Expect(queue.namespaces).To(BeEmpty())
		})
	}
}

// A namespace with a hundred Jobs gets every second turn, as does one with a single Job.
func TestTurnsOfManyJobs(t *testing.T) {
	g := NewWithT(t)
	queue := &turns{}
	for i := range 100 {
		for range 3 {
			queue.add(&waiter{group: Group{"many", fmt.Sprint(i)}})
		}
	}
	for range 50 {
		queue.add(&waiter{group: Group{"few", "one"}})
	}
	got, jobs := order(queue, 100, anybody), map[string]bool{}
	for i, name := range got {
		if i%2 == 1 {
			g.Expect(name).To(Equal("few/one"))
			continue
		}
		jobs[name] = true
	}
	g.Expect(jobs).To(HaveLen(50), "no Job has a second turn before each other has its first")
}

func TestTurnsForgetCancelledWaiters(t *testing.T) {
	g := NewWithT(t)
	queue := waiting("a/1", "a/2", "b/1")
	cancelled := &waiter{group: groupOf("a/1")}
	g.Expect(queue.remove(cancelled)).To(BeFalse(), "it was not added")
	queue.add(cancelled)
	g.Expect(queue.remove(cancelled)).To(BeTrue())
	g.Expect(queue.remove(cancelled)).To(BeFalse())
	g.Expect(queue.remove(&waiter{group: groupOf("c/1")})).To(BeFalse())
	g.Expect(queue.remove(&waiter{group: groupOf("b/2")})).To(BeFalse())
	g.Expect(order(queue, 9, anybody)).To(Equal([]string{"a/1", "b/1", "a/2"}))
}
