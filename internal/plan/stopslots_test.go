package plan

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// Work that ignores that it is told to stop, or whose node is away, keeps its slot until it is gone.
func TestWorkPastItsDeadlineKeepsItsSlot(t *testing.T) {
	for name, completion := range map[string]v1beta1.CompletionPolicy{"a Job": "", "one that never ends": v1beta1.CompletionNever} {
		for what, made := range map[string]func() *wrappers.PodWrapper{"active": func() *wrappers.PodWrapper { return pod("a") }, "failed": func() *wrappers.PodWrapper { return crashing("a") }} {
			t.Run(name+", "+what, func(t *testing.T) {
				g := NewWithT(t)
				j := limited().Parallelism("1")
				j.Spec.CompletionPolicy = completion
				s := recordable(j, bound(made(), 90), pod("b").Gated())
				p := Compute(s)
				g.Expect(nodesOf(p.DeletePods)).To(Equal([]string{"a"}))
				g.Expect(p.Ungate).To(BeEmpty(), "it may still run")

				s = afterwards(s, p, bound(made(), 90), pod("b").Gated())
				p = Compute(s)
				g.Expect(p.Ungate).To(BeEmpty(), "the cache has not observed that it is deleted")

				s = afterwards(s, p, bound(made().Terminating(), 90), pod("b").Gated())
				s.Nodes[0].NotReadySince = now.Add(-time.Minute)
				s.index()
				p = Compute(s)
				g.Expect(p.Ungate).To(BeEmpty(), "its grace period is over, and it runs")

				p = Compute(afterwards(s, p, pod("a").Gated(), pod("b").Gated()))
				g.Expect(nodesOf(p.Ungate)).To(Equal([]string{"b"}))
				g.Expect(p.Status.Status.Failed).To(BeEquivalentTo(1))
			})
		}
	}
}

// While pages are refused, no pod of a stopped node is deleted: the stop is in memory alone.
func TestARefusedStopDeletesNothing(t *testing.T) {
	for name, j := range map[string]*wrappers.JobWrapper{"without parallelism": limited(), "with parallelism": limited().Parallelism("1")} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := recordable(j, bound(pod("a"), 90), pod("b").Gated())
			p := Compute(s)
			g.Expect(pageEntries(p)).To(ConsistOf(HaveField("Node", "a")))
			s.Records.Unwritten = p.Unwritten
			s.Records = s.Records.AfterRefusal("no room", now)
			p = Compute(s)
			g.Expect(p.Pages).To(BeEmpty())
			g.Expect(p.DeletePods).To(BeEmpty())
			g.Expect(p.Unwritten.Nodes).To(ConsistOf(HaveField("Node", "a")))
		})
	}
}
