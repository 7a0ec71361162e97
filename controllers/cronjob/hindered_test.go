package cronjob_test

import (
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// withUIDOf is a Job that another kind of object seems to control, with the UID of the CronJob.
// Whoever may write metadata can make one.
func withUIDOf(c *v1beta1.CronJob, name string) *v1beta1.Job {
	odd := wrappers.Job(c.Namespace, name).Obj()
	odd.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: "x", UID: c.UID, Controller: new(true)}}
	return odd
}

var _ = Describe("a CronJob that something hinders", func() {
	var w *world
	var o *operator
	var c *v1beta1.CronJob
	var first, second time.Time
	begin := func(change func(*v1beta1.CronJob)) {
		GinkgoHelper()
		w = newWorld()
		o = w.start()
		c = hourly(w.ns, "c")
		change(c)
		w.create(c)
		first = w.observed(c)
		second = first.Add(time.Hour)
	}
	// refuse lets the API server refuse all requests of a kind, as an admission webhook does.
	refuse := func(what string) {
		o.wire.setFate(func(one write, _ int) fate {
			if one.what == what {
				return lost
			}
			return passes
		})
	}

	It("starts the next run although a Job of the history cannot be deleted", func() {
		begin(func(c *v1beta1.CronJob) { c.Spec.SuccessfulJobsHistoryLimit = new(int32(0)) })
		refuse("DELETE jobs")
		w.setTime(first)
		finish(job(c, first), v1beta1.JobComplete, first.Add(time.Minute))
		Eventually(statusOf(c)).Should(HaveField("LastRun.Phase", v1beta1.RunPhase(v1beta1.PhaseComplete)))
		w.setTime(second)
		job(c, second)
		Expect(jobsIn(w.ns)()).To(ConsistOf(runName(c, first), runName(c, second)))
	})

	It("counts a Job by hand with a time that no status can hold", func() {
		begin(func(*v1beta1.CronJob) {})
		byHand(c, func(j *v1beta1.Job) {
			j.Annotations = map[string]string{v1beta1.AnnotationScheduledTime: "9999-12-31T23:59:59-01:00"}
		})
		Eventually(statusOf(c)).Should(HaveField("ActiveJobs", int32(1)))
	})

	It("runs beside a Job that has its UID in a reference of another kind", func() {
		begin(func(*v1beta1.CronJob) {})
		Expect(k8s.Create(ctx, withUIDOf(c, "odd"))).To(Succeed())
		w.setTime(first)
		job(c, first)
	})

	It("says that such a Job has the name of a run, and goes on with the next one", func() {
		begin(func(*v1beta1.CronJob) {})
		Expect(k8s.Create(ctx, withUIDOf(c, runName(c, first)))).To(Succeed())
		w.setTime(first)
		Eventually(condition(c, v1beta1.CronJobStalled)).Should(Equal("True NameTaken"))
		w.setTime(second)
		w.step(time.Minute)
		job(c, second)
	})

	It("says JobRefused, however much the API server says", func() {
		begin(func(c *v1beta1.CronJob) {
			c.Spec.JobTemplate.Labels = map[string]string{}
			for i := range 120 {
				c.Spec.JobTemplate.Labels[fmt.Sprintf("not a key %d %s", i, strings.Repeat("x", 60))] = "v"
			}
		})
		w.setTime(first)
		Eventually(condition(c, v1beta1.CronJobStalled)).Should(Equal("True JobRefused"))
	})

	It("deletes what garbage collection leaves of an earlier CronJob of its name, and runs then", func() {
		begin(func(*v1beta1.CronJob) {})
		w.setTime(first)
		earlier := job(c, first)
		w.settle()
		// Nothing collects garbage here, as when the garbage collector misses the deletion.
		Expect(k8s.Delete(ctx, c)).To(Succeed())
		again := hourly(w.ns, "c")
		Eventually(func() error { return k8s.Create(ctx, again) }).Should(Succeed())
		w.settle()
		w.setTime(second)
		Eventually(func(g Gomega) {
			g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(earlier), earlier)).To(Succeed())
			g.Expect(earlier.DeletionTimestamp).NotTo(BeNil())
		}).Should(Succeed())
		Expect(jobsIn(w.ns)()).To(ConsistOf(earlier.Name), "its pods may still be at work")
		setFinalizers(earlier)
		w.step(time.Minute)
		job(again, second)
	})
})
