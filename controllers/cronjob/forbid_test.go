package cronjob_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

const waiting = "True " + v1beta1.ReasonRunWaiting

// firstRun lets a CronJob run once, and returns when that was.
func (w *world) firstRun(c *v1beta1.CronJob) (time.Time, *v1beta1.Job) {
	GinkgoHelper()
	first := w.observed(w.create(c))
	w.setTime(first)
	child := job(c, first)
	w.settle()
	return first, child
}

var _ = Describe("Forbid", func() {
	var w *world
	BeforeEach(func() {
		w = newWorld()
		w.start()
	})

	It("lets a run wait for the one that hangs, says so, and starts it late", func() {
		c := hourly(w.ns, "c")
		first, child := w.firstRun(c)
		second := first.Add(time.Hour)
		w.setTime(second)
		Eventually(condition(c, v1beta1.CronJobReady)).Should(Equal(waiting))
		Expect(message(c, v1beta1.CronJobReady)).To(And(ContainSubstring(child.Name), ContainSubstring(second.UTC().Format(time.RFC3339))))
		Expect(statusOf(c)()).To(And(HaveField("LastScheduleTime.Time", BeTemporally("==", first)), HaveField("Pending", BeNil())), "it is not consumed")
		for range 5 {
			w.step(2 * time.Minute)
			w.settle()
		}
		Expect(w.runs()).To(Equal(names(c, first)))
		Expect(w.eventsOf("JobAlreadyActive")).To(HaveLen(1), "once for a run and a Job")

		finish(child, v1beta1.JobFailed, w.clock.Now())
		job(c, second)
		w.settle()
		Expect(w.runs()).To(Equal(names(c, first, second)))
		Expect(condition(c, v1beta1.CronJobReady)()).To(Equal("True Scheduled"))
		Expect(statusOf(c)()).To(HaveField("LastScheduleTime.Time", BeTemporally("==", second)))
	})

	It("starts the latest alone of those that wait", func() {
		c := hourly(w.ns, "c")
		first, child := w.firstRun(c)
		for n := range 3 {
			w.setTime(first.Add(time.Duration(n+1) * time.Hour))
			w.settle()
		}
		Expect(w.eventsOf("JobAlreadyActive")).To(HaveLen(3))
		finish(child, v1beta1.JobComplete, w.clock.Now())
		third := first.Add(3 * time.Hour)
		job(c, third)
		w.settle()
		Expect(w.runs()).To(Equal(names(c, first, third)))
	})

	It("misses a run that waits past its deadline, once, and makes the next", func() {
		c := hourly(w.ns, "c")
		c.Spec.StartingDeadlineSeconds = new(int64(600))
		first, child := w.firstRun(c)
		second, third := first.Add(time.Hour), first.Add(2*time.Hour)
		w.setTime(second)
		Eventually(condition(c, v1beta1.CronJobReady)).Should(Equal(waiting))
		w.setTime(second.Add(10 * time.Minute))
		w.settle()
		Expect(w.eventsOf("MissSchedule")).To(BeEmpty())
		w.step(time.Minute)
		Eventually(func() []string { return w.eventsOf("MissSchedule") }).Should(HaveLen(1))
		finish(child, v1beta1.JobComplete, w.clock.Now())
		for range 4 {
			w.step(time.Minute)
			w.settle()
		}
		Expect(w.runs()).To(Equal(names(c, first)))
		Expect(statusOf(c)()).To(And(HaveField("ScheduleSince.Time", BeTemporally("==", second)), HaveField("LastScheduleTime.Time", BeTemporally("==", first))))
		Expect(w.eventsOf("MissSchedule")).To(HaveLen(1))
		w.setTime(third)
		job(c, third)
		w.settle()
		Expect(w.runs()).To(Equal(names(c, first, third)))
	})

	It("waits for whatever may still be at work", func() {
		makes := map[string]func(c *v1beta1.CronJob) *v1beta1.Job{
			"hand": func(c *v1beta1.CronJob) *v1beta1.Job { return byHand(c) },
			"suspended": func(c *v1beta1.CronJob) *v1beta1.Job {
				return byHand(c, func(j *v1beta1.Job) { j.Spec.Suspend = new(true) })
			},
			"over": func(c *v1beta1.CronJob) *v1beta1.Job {
				j := byHand(c)
				finish(j, v1beta1.JobComplete, w.clock.Now())
				j.Spec.Image = "example.com/work:v2"
				Expect(k8s.Update(ctx, j)).To(Succeed())
				return j
			},
			"terminating": func(c *v1beta1.CronJob) *v1beta1.Job {
				j := byHand(c, func(j *v1beta1.Job) { j.Finalizers = []string{"example.com/hold"} })
				Expect(k8s.Delete(ctx, j)).To(Succeed())
				return j
			},
		}
		children, first := map[*v1beta1.CronJob]*v1beta1.Job{}, time.Time{}
		for name, make := range makes {
			c := w.create(hourly(w.ns, name))
			first = w.observed(c)
			children[c] = make(c)
		}
		w.settle()
		w.setTime(first)
		for c, child := range children {
			Eventually(condition(c, v1beta1.CronJobReady)).Should(Equal(waiting), c.Name)
			Expect(message(c, v1beta1.CronJobReady)).To(ContainSubstring(child.Name))
			Expect(statusOf(c)()).To(And(HaveField("ActiveJobs", int32(1)), HaveField("LastScheduleTime", BeNil()), HaveField("Active", ConsistOf(
				And(HaveField("Name", child.Name), HaveField("UID", child.UID), HaveField("ScheduledTime", BeNil()))))), c.Name)
		}
		w.settle()
		Expect(w.runs()).To(BeEmpty())
		for c, child := range children {
			setFinalizers(child)
			Expect(client.IgnoreNotFound(k8s.Delete(ctx, child))).To(Succeed())
			job(c, first)
		}
	})
})
