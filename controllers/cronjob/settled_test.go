package cronjob_test

import (
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

var _ = Describe("a CronJob that is settled", func() {
	It("is reconciled a hundred times without a write", func() {
		w := newWorld()
		o := w.start()
		named := func(name string, change func(*v1beta1.CronJobSpec)) *v1beta1.CronJob {
			c := hourly(w.ns, name)
			if change != nil {
				change(&c.Spec)
			}
			return w.create(c)
		}
		all := map[*v1beta1.CronJob]string{
			named("active", nil): "True Scheduled",
			named("allowed", func(spec *v1beta1.CronJobSpec) { spec.ConcurrencyPolicy = v1beta1.AllowConcurrent }): "True Scheduled",
			named("waiting", nil): "True RunWaiting",
			named("replacing", func(spec *v1beta1.CronJobSpec) { spec.ConcurrencyPolicy = v1beta1.ReplaceConcurrent }): "True RunWaiting",
			named("suspended", func(spec *v1beta1.CronJobSpec) { spec.Suspend = new(true) }):                           "True Suspended",
			named("invalid", func(spec *v1beta1.CronJobSpec) { spec.Schedule = "0 0 30 2 *" }):                         "False InvalidSchedule",
			named("nowhere", func(spec *v1beta1.CronJobSpec) { spec.TimeZone = "Europe/Atlantis" }):                    "False InvalidTimeZone",
			named("late", func(spec *v1beta1.CronJobSpec) { spec.StartingDeadlineSeconds = new(int64(0)) }):            "True Scheduled",
			named("taken", nil): "False NameTaken",
		}
		var first time.Time
		for c := range all {
			if c.Name == "active" {
				first = w.observed(c)
			}
		}
		for c := range all {
			switch c.Name {
			case "waiting", "replacing":
				byHand(c, func(j *v1beta1.Job) { j.Finalizers = []string{"example.com/hold"} })
			case "taken":
				Expect(k8s.Create(ctx, wrappers.Job(w.ns, runName(c, first)).Obj())).To(Succeed())
			}
		}
		w.settle()
		w.setTime(first.Add(90 * time.Second))
		w.settle()
		writes := len(o.wire.sent(""))
		for range 100 {
			for c := range all {
				_, err := o.reconciler.Reconcile(ctx, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(c)})
				Expect(err).NotTo(HaveOccurred())
			}
			w.setTime(w.clock.Now().Add(1500 * time.Millisecond))
		}
		w.settle()
		for c, want := range all {
			Expect(condition(c, v1beta1.CronJobReady)()).To(Equal(want), c.Name)
		}
		Expect(o.wire.sent("")[writes:]).To(BeEmpty())
	})
})

var _ = Describe("a CronJob's Job", func() {
	It("is what the template says, and says of which run it is", func() {
		w := newWorld()
		o := w.start()
		c := hourly(w.ns, strings.Repeat("a", v1beta1.MaxCronJobNameLength))
		c.Spec.JobTemplate.ObjectMeta = metav1.ObjectMeta{Labels: map[string]string{"team": "a"}, Annotations: map[string]string{"note": "b"}, Name: "ignored", Finalizers: []string{"example.com/ignored"}}
		c.Spec.JobTemplate.Spec.Env = []corev1.EnvVar{{Name: "A", Value: "b"}}
		first, child := w.firstRun(c)
		Expect(child.Name).To(And(HavePrefix(c.Name+"-"), HaveLen(v1beta1.MaxNameLength)))
		Expect(child.Labels).To(Equal(map[string]string{"team": "a", v1beta1.LabelCronJob: c.Name}))
		Expect(child.Annotations).To(Equal(map[string]string{"note": "b", v1beta1.AnnotationScheduledTime: first.UTC().Format(time.RFC3339)}))
		Expect(child.Finalizers).To(BeEmpty())
		Expect(child.OwnerReferences).To(ConsistOf(metav1.OwnerReference{
			APIVersion: v1beta1.GroupVersion.String(), Kind: "CronJob", Name: c.Name, UID: c.UID, Controller: new(true), BlockOwnerDeletion: new(true),
		}))
		Expect(child.Spec.Env).To(Equal(c.Spec.JobTemplate.Spec.Env))
		Expect(child.Spec.Image).To(Equal("example.com/work:v1"))
		Expect(statusOf(c)()).To(And(HaveField("LastRun.Name", child.Name), HaveField("LastRun.ScheduledTime.Time", BeTemporally("==", first)),
			HaveField("LastRun.CreationTime.Time", BeTemporally("==", child.CreationTimestamp.Time))))

		By("being edited and deleted while it is watched")
		edit(c, func(spec *v1beta1.CronJobSpec) { spec.JobTemplate.Spec.Image = "example.com/work:v2" })
		w.settle()
		now := &v1beta1.Job{}
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(child), now)).To(Succeed())
		Expect(now.ResourceVersion).To(Equal(child.ResourceVersion), "a change applies to later runs")
		Expect(k8s.Delete(ctx, c)).To(Succeed())
		w.settle()
		writes := len(o.wire.sent(""))
		w.setTime(first.Add(time.Hour))
		w.settle()
		Expect(o.wire.sent("")[writes:]).To(BeEmpty())
	})

	It("is one, of the latest run, after ten in which the CronJob was suspended", func() {
		w := newWorld()
		w.start()
		c := w.create(hourly(w.ns, "c"))
		first := w.observed(c)
		edit(c, func(spec *v1beta1.CronJobSpec) { spec.Suspend = new(true) })
		Eventually(condition(c, v1beta1.CronJobReady)).Should(Equal("True Suspended"))
		for n := range 10 {
			w.setTime(first.Add(time.Duration(n) * time.Hour))
		}
		w.settle()
		Expect(w.runs()).To(BeEmpty())
		edit(c, func(spec *v1beta1.CronJobSpec) { spec.Suspend = new(false) })
		latest := first.Add(9 * time.Hour)
		job(c, latest)
		w.settle()
		Expect(w.runs()).To(Equal(names(c, latest)))
	})
})
