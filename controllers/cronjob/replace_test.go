package cronjob_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

var _ = Describe("Replace", func() {
	const foreground = metav1.FinalizerDeleteDependents
	replacing := func(ns string) *v1beta1.CronJob {
		c := hourly(ns, "c")
		c.Spec.ConcurrencyPolicy = v1beta1.ReplaceConcurrent
		return c
	}
	var w *world
	var o *operator
	BeforeEach(func() {
		w = newWorld()
		o = w.start()
	})
	// There is no garbage collector, which takes the finalizer away when the pods are gone.
	finalizers := func(j *v1beta1.Job) func() ([]string, error) {
		return func() ([]string, error) {
			now := &v1beta1.Job{}
			err := k8s.Get(ctx, client.ObjectKeyFromObject(j), now)
			return now.Finalizers, err
		}
	}

	It("deletes the old Job in the foreground, and creates the new one when it is gone", func() {
		c := replacing(w.ns)
		first, child := w.firstRun(c)
		setFinalizers(child, "example.com/hold")
		second := first.Add(time.Hour)
		w.setTime(second)
		Eventually(finalizers(child)).Should(ConsistOf("example.com/hold", foreground))
		Expect(statusOf(c)()).To(And(HaveField("LastScheduleTime.Time", BeTemporally("==", second)), HaveField("Pending.Name", runName(c, second)), HaveField("Pending.UID", BeEmpty())),
			"the record is written before the deletion")
		Expect(condition(c, v1beta1.CronJobReady)()).To(Equal(waiting))
		Expect(message(c, v1beta1.CronJobReady)).To(ContainSubstring(child.Name))
		w.step(5 * time.Minute)
		w.settle()
		setFinalizers(child, "example.com/hold")
		w.step(5 * time.Minute)
		w.settle()
		Expect(w.runs()).To(Equal(names(c, first)), "another's finalizer holds the old one")

		By("starting again meanwhile")
		o.stop()
		w.start()
		w.settle()
		Expect(w.runs()).To(Equal(names(c, first)))
		setFinalizers(child)
		job(c, second)
		w.settle()
		Expect(w.runs()).To(Equal(names(c, first, second)))
		Expect(statusOf(c)()).To(And(HaveField("ActiveJobs", int32(1)), HaveField("Pending", BeNil()), HaveField("LastRun.Name", runName(c, second))))
	})

	It("makes the latest run when the old Job outlives the next", func() {
		c := replacing(w.ns)
		first, child := w.firstRun(c)
		setFinalizers(child, "example.com/hold")
		for n := range 2 {
			w.setTime(first.Add(time.Duration(n+1) * time.Hour))
			w.settle()
		}
		setFinalizers(child)
		third := first.Add(2 * time.Hour)
		job(c, third)
		w.settle()
		Expect(w.runs()).To(Equal(names(c, first, third)))
		Expect(w.eventsOf("RunDropped")).To(HaveLen(1))
	})

	It("leaves a finished Job alone", func() {
		c := replacing(w.ns)
		first, child := w.firstRun(c)
		finish(child, v1beta1.JobFailed, first.Add(time.Minute))
		w.settle()
		second := first.Add(time.Hour)
		w.setTime(second)
		job(c, second)
		w.settle()
		Expect(o.wire.sent("DELETE")).To(BeEmpty())
		Expect(jobsIn(w.ns)()).To(ConsistOf(names(c, first, second)))
	})
})

var _ = Describe("Allow", func() {
	It("runs both at once", func() {
		w := newWorld()
		o := w.start()
		c := hourly(w.ns, "c")
		c.Spec.ConcurrencyPolicy = v1beta1.AllowConcurrent
		first, _ := w.firstRun(c)
		second := first.Add(time.Hour)
		w.setTime(second)
		job(c, second)
		w.settle()
		Expect(statusOf(c)()).To(And(HaveField("ActiveJobs", int32(2)), HaveField("Active", HaveLen(2))))
		Expect(condition(c, v1beta1.CronJobReady)()).To(Equal("True Scheduled"))
		Expect(w.runs()).To(Equal(names(c, first, second)))
		Expect(o.wire.sent("DELETE")).To(BeEmpty())
	})
})
