package cronjob_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// many creates so many CronJobs, and returns when they run first.
func (w *world) many(n int, change func(*v1beta1.CronJob)) (all []*v1beta1.CronJob, first time.Time) {
	GinkgoHelper()
	for i := range n {
		c := hourly(w.ns, fmt.Sprint("c", i))
		if change != nil {
			change(c)
		}
		all = append(all, w.create(c))
	}
	for _, c := range all {
		first = w.observed(c)
	}
	w.settle()
	return all, first
}

var _ = Describe("many CronJobs", func() {
	It("run once each in the same minute", func() {
		w := newWorld()
		o := w.start()
		all, first := w.many(100, nil)
		before := len(o.wire.sent("PATCH"))
		w.setTime(first)
		Eventually(func() int { return len(w.runs()) }).Should(BeNumerically(">=", len(all)))
		w.settle()
		var want []string
		for _, c := range all {
			want = append(want, runName(c, first))
		}
		Expect(w.runs()).To(ConsistOf(want))
		Expect(w.attempts()).To(Equal(len(want)))
		Expect(jobsIn(w.ns)()).To(ConsistOf(want))
		Expect(w.eventsOf("SuccessfulCreate")).To(HaveLen(len(want)))
		Expect(len(o.wire.sent("PATCH"))-before).To(BeNumerically("<=", 5*len(want)), "status writes of a run")
		w.step(30 * time.Second)
		w.settle()
		Expect(w.runs()).To(HaveLen(len(want)))
	})
})

// Leader election does not rule out that a manager works for a moment after another one
// became the leader. Each has a cache of its own.
var _ = Describe("two leaders", func() {
	It("make one Job a run, whatever the policy", func() {
		w := newWorld()
		w.start()
		w.start()
		n := 0
		all, first := w.many(15, func(c *v1beta1.CronJob) {
			c.Spec.ConcurrencyPolicy = []v1beta1.ConcurrencyPolicy{v1beta1.AllowConcurrent, v1beta1.ForbidConcurrent, v1beta1.ReplaceConcurrent}[n%3]
			n++
		})
		var want []string
		for n := range 3 {
			at := first.Add(time.Duration(n) * time.Hour)
			w.setTime(at)
			for _, c := range all {
				child := job(c, at)
				want = append(want, child.Name)
				if c.Spec.ConcurrencyPolicy != v1beta1.AllowConcurrent {
					finish(child, v1beta1.JobComplete, at)
				}
			}
			w.settle()
		}
		Expect(w.runs()).To(ConsistOf(want))
		Expect(jobsIn(w.ns)()).To(ConsistOf(want))
		Expect(len(w.eventsOf("SuccessfulCreate"))).To(BeNumerically("<=", len(want)))
	})

	It("delete no Job that the other one made in place of the old one", func() {
		w := newWorld()
		w.start()
		w.start()
		all, first := w.many(10, func(c *v1beta1.CronJob) { c.Spec.ConcurrencyPolicy = v1beta1.ReplaceConcurrent })
		w.setTime(first)
		for _, c := range all {
			job(c, first)
		}
		w.settle()
		second := first.Add(time.Hour)
		w.setTime(second)
		var want []string
		for _, c := range all {
			old := job(c, first)
			Eventually(func() bool { return !job(c, first).DeletionTimestamp.IsZero() }).Should(BeTrue())
			setFinalizers(old)
			want = append(want, runName(c, second))
		}
		Eventually(jobsIn(w.ns)).Should(ConsistOf(want))
		w.settle()
		Expect(jobsIn(w.ns)()).To(ConsistOf(want))
		created := slices.DeleteFunc(w.runs(), func(name string) bool { return strings.HasSuffix(name, fmt.Sprint("-", first.Unix()/60)) })
		Expect(created).To(ConsistOf(want))
	})
})
