package cronjob_test

import (
	"maps"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// The informer cache shows nothing new. What would start a run by it is read live before.
var _ = Describe("a stale cache", func() {
	var w *world
	var o *operator
	BeforeEach(func() {
		w = newWorld()
		o = w.start()
	})
	// pending lets the runs at t be written ahead, while no Job can be created.
	pending := func(at time.Time, all ...*v1beta1.CronJob) {
		GinkgoHelper()
		o.wire.setFate(func(one write, _ int) fate {
			if one.what == "POST jobs" {
				return lost
			}
			return passes
		})
		w.setTime(at)
		for _, c := range all {
			Eventually(statusOf(c)).Should(HaveField("Pending", Not(BeNil())))
		}
		w.settle()
	}
	// meanwhile lets something happen while the cache is stale, and the operator try to create the
	// Jobs of the pending runs.
	meanwhile := func(change func(), all ...*v1beta1.CronJob) {
		GinkgoHelper()
		before := w.runs()
		o.wire.freeze(true)
		change()
		// A reconcile that goes on may have read the API server before the change.
		Eventually(func() bool { idle, _ := o.quiet(); return idle }).Should(BeTrue())
		o.wire.setFate(nil)
		for _, c := range all {
			o.kick(c.Name)
		}
		time.Sleep(400 * time.Millisecond) // A retry.
		Expect(w.runs()).To(Equal(before))
		o.wire.freeze(false)
		w.settle()
	}

	It("lets no run start beside one that was started by hand", func() {
		c := w.create(hourly(w.ns, "c"))
		first := w.observed(c)
		w.settle()
		pending(first, c)
		var manual *v1beta1.Job
		meanwhile(func() { manual = byHand(c) }, c)
		Expect(condition(c, v1beta1.CronJobReady)()).To(Equal(waiting))
		Expect(w.runs()).To(BeEmpty())
		finish(manual, v1beta1.JobComplete, first)
		job(c, first)
	})

	It("lets no run start beside one that a user started over", func() {
		c := hourly(w.ns, "c")
		first, child := w.firstRun(c)
		finish(child, v1beta1.JobComplete, first.Add(time.Minute))
		w.settle()
		second := first.Add(time.Hour)
		pending(second, c)
		meanwhile(func() {
			Expect(k8s.Get(ctx, client.ObjectKeyFromObject(child), child)).To(Succeed())
			child.Spec.Image = "example.com/work:v2"
			Expect(k8s.Update(ctx, child)).To(Succeed())
		}, c)
		Expect(condition(c, v1beta1.CronJobReady)()).To(Equal(waiting))
		Expect(w.runs()).To(Equal(names(c, first)))
	})

	It("lets no run start of a CronJob that changed", func() {
		changes := map[string]func(c *v1beta1.CronJob){
			"suspended": func(c *v1beta1.CronJob) { edit(c, func(spec *v1beta1.CronJobSpec) { spec.Suspend = new(true) }) },
			"deleted":   func(c *v1beta1.CronJob) { Expect(k8s.Delete(ctx, c)).To(Succeed()) },
			"again": func(c *v1beta1.CronJob) {
				Expect(k8s.Delete(ctx, c)).To(Succeed())
				Expect(k8s.Create(ctx, hourly(c.Namespace, c.Name))).To(Succeed())
			},
			"edited": func(c *v1beta1.CronJob) {
				edit(c, func(spec *v1beta1.CronJobSpec) { spec.JobTemplate.Spec.Image = "example.com/work:v2" })
			},
			"terminating": func(c *v1beta1.CronJob) {
				edit(c, func(*v1beta1.CronJobSpec) { c.Finalizers = []string{"example.com/hold"} })
				Expect(k8s.Delete(ctx, c)).To(Succeed())
			},
		}
		all, first := map[string]*v1beta1.CronJob{}, time.Time{}
		for name := range changes {
			all[name] = w.create(hourly(w.ns, name))
			first = w.observed(all[name])
		}
		w.settle()
		pending(first, slices.Collect(maps.Values(all))...)
		meanwhile(func() {
			for name, change := range changes {
				change(all[name])
			}
		}, slices.Collect(maps.Values(all))...)
		Expect(job(all["edited"], first).Spec.Image).To(Equal("example.com/work:v2"))
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(all["again"]), all["again"])).To(Succeed())
		Expect(metav1.IsControlledBy(job(all["again"], first), all["again"])).To(BeTrue(), "it has a run of its own")
		Expect(w.runs()).To(ConsistOf(runName(all["edited"], first), runName(all["again"], first)))
	})

	It("creates no Job twice", func() {
		c := w.create(hourly(w.ns, "c"))
		first := w.observed(c)
		w.settle()
		pending(first, c)
		o.wire.freeze(true)
		o.wire.setFate(nil)
		o.kick(c.Name)
		job(c, first)
		o.kick(c.Name)
		time.Sleep(400 * time.Millisecond)
		Expect(w.runs()).To(Equal(names(c, first)))
		Expect(statusOf(c)()).To(HaveField("Pending", HaveValue(HaveField("UID", Not(BeEmpty())))), "it is written at once, whatever the cache shows")

		By("being deleted by hand while the cache is stale")
		Expect(k8s.Delete(ctx, job(c, first))).To(Succeed())
		o.kick(c.Name)
		time.Sleep(400 * time.Millisecond)
		Expect(w.runs()).To(Equal(names(c, first)))
		o.wire.freeze(false)
		w.settle()
		Expect(w.runs()).To(Equal(names(c, first)))
		Expect(k8s.Get(ctx, client.ObjectKey{Namespace: c.Namespace, Name: runName(c, first)}, &v1beta1.Job{})).To(Satisfy(apierrors.IsNotFound))
		Expect(statusOf(c)()).To(HaveField("Pending", BeNil()))
	})
})
