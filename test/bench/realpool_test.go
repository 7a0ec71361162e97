package main

import (
	"math/rand/v2"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

func TestRandomJobsOnRealNodesAreOfAllKinds(t *testing.T) {
	g := NewWithT(t)
	s := &soak{nodes: []string{"a", "b", "c"}, random: rand.New(rand.NewPCG(1, 0)), invariants: newInvariantWatcher(&takeaways{})}
	pool, kinds := newRealPool(s), map[string]int{}
	for i := range 500 {
		expected, job := pool.newJob(i)
		pool.limited(expected)
		g.Expect(expected.nodes).To(Equal(s.nodes))
		g.Expect(job.Spec.Parallelism == nil).To(Equal(expected.limit == 0))
		g.Expect(pool.record.limitAt(expected.name, time.Now())).To(Equal(expected.limit))
		exits, flags := job.Spec.CompletionMode == v1beta1.CompletionExit, map[string]bool{}
		for _, env := range job.Spec.Template.Spec.Containers[0].Env {
			flags[env.Name] = env.Value != ""
		}
		g.Expect(flags["SAYS"]).To(Equal(!exits))
		g.Expect(flags["FAILS"]).To(Equal(expected.fails))
		g.Expect(expected.fails && expected.limit > 0).To(BeFalse(), "the kubelet goes on with what failed")
		for kind, is := range map[string]bool{
			"exit": exits, "fails": expected.fails, "limited": expected.limit > 0, "stubborn": flags["STUBBORN"], "tolerant": expected.tolerates,
		} {
			if is {
				kinds[kind]++
			}
		}
	}
	for _, kind := range []string{"exit", "fails", "limited", "stubborn", "tolerant"} {
		g.Expect(kinds[kind]).To(And(BeNumerically(">", 20), BeNumerically("<", 480)), kind)
	}
}
