package cronjob_test

import (
	"cmp"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// noJobs is a quota that allows no Job in a namespace. It is enforced when it returns.
func noJobs(ns string) *corev1.ResourceQuota {
	GinkgoHelper()
	none := corev1.ResourceList{"count/jobs.daemonset.darkowlzz.space": resource.MustParse("0")}
	quota := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "none"}, Spec: corev1.ResourceQuotaSpec{Hard: none}}
	Expect(k8s.Create(ctx, quota)).To(Succeed())
	quota.Status = corev1.ResourceQuotaStatus{Hard: none, Used: none} // The quota controller fills it in.
	Expect(k8s.Status().Update(ctx, quota)).To(Succeed())
	probe := wrappers.Job(ns, "probe").Obj()
	Eventually(func() error {
		defer func() { Expect(client.IgnoreNotFound(k8s.Delete(ctx, probe))).To(Succeed()) }()
		probe.ResourceVersion = ""
		return k8s.Create(ctx, probe)
	}).Should(Satisfy(apierrors.IsForbidden))
	return quota
}

var _ = Describe("a Job that cannot be created", func() {
	var w *world
	var c *v1beta1.CronJob
	var first, second time.Time
	BeforeEach(func() {
		w = newWorld()
		w.start()
		c = w.create(hourly(w.ns, "c"))
		first = w.observed(c)
		second = first.Add(time.Hour)
	})
	stalled := func() (string, error) { return condition(c, v1beta1.CronJobStalled)() }

	It("is no run where another Job holds the name", func() {
		others := map[string]*metav1.OwnerReference{
			"nobody":  nil,
			"another": {APIVersion: v1beta1.GroupVersion.String(), Kind: "CronJob", Name: "yet-another", UID: "another", Controller: new(true)},
			"owner":   {APIVersion: v1beta1.GroupVersion.String(), Kind: "CronJob", Name: "owner"}, // It controls nothing.
		}
		all, held := map[string]*v1beta1.CronJob{}, map[string]*v1beta1.Job{}
		for name, owner := range others {
			c := w.create(hourly(w.ns, name))
			w.observed(c)
			held[name], all[name] = wrappers.Job(w.ns, runName(c, first)).Label(v1beta1.LabelCronJob, name).Obj(), c
			if owner != nil {
				owner.UID = types.UID(cmp.Or(string(owner.UID), string(c.UID)))
				held[name].OwnerReferences = []metav1.OwnerReference{*owner}
			}
			Expect(k8s.Create(ctx, held[name])).To(Succeed())
		}
		w.setTime(first)
		for name, c := range all {
			Eventually(condition(c, v1beta1.CronJobStalled)).Should(Equal("True NameTaken"))
			Expect(condition(c, v1beta1.CronJobReady)()).To(Equal("False NameTaken"))
			Expect(message(c, v1beta1.CronJobStalled)).To(ContainSubstring(held[name].Name))
		}
		w.step(5 * time.Minute)
		w.settle()
		Expect(w.eventsOf("NameTaken")).To(HaveLen(len(all)))
		for name, c := range all {
			Expect(w.runsOf(c)).To(BeEmpty())
			Expect(statusOf(c)()).To(And(HaveField("LastRun", BeNil()), HaveField("ActiveJobs", BeZero())))
			now := &v1beta1.Job{}
			Expect(k8s.Get(ctx, client.ObjectKeyFromObject(held[name]), now)).To(Succeed())
			Expect(now.ResourceVersion).To(Equal(held[name].ResourceVersion))
		}

		By("being made when the name is free, or as the next run, which has another")
		Expect(k8s.Delete(ctx, held["nobody"])).To(Succeed())
		w.step(time.Minute)
		job(all["nobody"], first)
		w.setTime(second)
		job(all["another"], second)
		job(all["owner"], second)
		w.settle()
		Expect(w.runsOf(all["nobody"])).To(Equal(names(all["nobody"], first)))
		Expect(w.runsOf(all["another"])).To(Equal(names(all["another"], second)))
		Expect(w.eventsOf("RunDropped")).To(HaveLen(2))
		Expect(condition(all["owner"], v1beta1.CronJobStalled)()).To(BeEmpty())
	})

	It("is dropped when the CronJob is suspended, and not made up for", func() {
		other := wrappers.Job(w.ns, runName(c, first)).Obj()
		Expect(k8s.Create(ctx, other)).To(Succeed())
		w.setTime(first)
		Eventually(stalled).Should(Equal("True NameTaken"))
		edit(c, func(spec *v1beta1.CronJobSpec) { spec.Suspend = new(true) })
		Eventually(condition(c, v1beta1.CronJobReady)).Should(Equal("True Suspended"))
		Expect(stalled()).To(BeEmpty())
		Expect(statusOf(c)()).To(And(HaveField("Pending", BeNil()), HaveField("NextScheduleTime", BeNil())))
		Expect(k8s.Delete(ctx, other)).To(Succeed())
		edit(c, func(spec *v1beta1.CronJobSpec) { spec.Suspend = nil })
		Eventually(condition(c, v1beta1.CronJobReady)).Should(Equal("True Scheduled"))
		w.settle()
		Expect(w.runs()).To(BeEmpty())
		Expect(w.eventsOf("RunDropped")).To(HaveLen(1))
	})

	It("is retried each half minute against a quota", func() {
		quota := noJobs(w.ns)
		w.setTime(first)
		Eventually(stalled).Should(Equal("True JobRefused"))
		Expect(condition(c, v1beta1.CronJobReady)()).To(Equal("False JobRefused"))
		Expect(message(c, v1beta1.CronJobStalled)).To(And(ContainSubstring("exceeded quota"), ContainSubstring(runName(c, first))))
		w.settle()
		Expect(w.attempts()).To(Equal(1))
		w.step(20 * time.Second)
		w.settle()
		Expect(w.attempts()).To(Equal(1))
		for n := range 5 {
			w.step(31 * time.Second)
			w.settle()
			Expect(w.attempts()).To(Equal(2 + n))
		}
		Expect(w.eventsOf("JobRefused")).To(HaveLen(1))
		Expect(k8s.Delete(ctx, quota)).To(Succeed())
		w.step(31 * time.Second)
		job(c, first)
		Eventually(stalled).Should(BeEmpty())
		w.settle()
		Expect(w.runs()).To(Equal(names(c, first)))
	})

	It("is replaced by the next run, and by that alone", func() {
		quota := noJobs(w.ns)
		w.setTime(first)
		Eventually(stalled).Should(Equal("True JobRefused"))
		w.setTime(second)
		w.settle()
		Expect(statusOf(c)()).To(HaveField("Pending.Name", runName(c, second)))
		Expect(message(c, v1beta1.CronJobStalled)).To(ContainSubstring(runName(c, second)))
		Expect(w.eventsOf("RunDropped")).To(HaveLen(1))
		Expect(k8s.Delete(ctx, quota)).To(Succeed())
		w.step(31 * time.Second)
		job(c, second)
		w.settle()
		Expect(w.runs()).To(Equal(names(c, second)))
	})

	It("is tried at once when the CronJob is edited, and by the next operator", func() {
		noJobs(w.ns)
		w.setTime(first)
		Eventually(stalled).Should(Equal("True JobRefused"))
		w.settle()
		edit(c, func(spec *v1beta1.CronJobSpec) { spec.JobTemplate.Spec.Image = "example.com/work:v2" })
		Eventually(w.attempts).Should(Equal(2))
		w.settle()
		Expect(w.attempts()).To(Equal(2))
		w.operators()[0].stop()
		w.start()
		w.settle()
		Expect(w.attempts()).To(Equal(1), "of the new operator")
		Expect(stalled()).To(Equal("True JobRefused"))
	})

	It("does not make the operator loop in a namespace that is terminating", func() {
		Expect(k8s.Delete(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.ns}})).To(Succeed())
		w.setTime(first)
		Eventually(w.attempts).ShouldNot(BeZero())
		w.settle()
		Expect(w.attempts()).To(Equal(1))
		w.step(31 * time.Second)
		w.settle()
		Expect(w.attempts()).To(Equal(2))
		Expect(w.runs()).To(BeEmpty())
		writes := len(w.operators()[0].wire.sent(""))
		w.step(10 * time.Second)
		w.settle()
		Expect(w.operators()[0].wire.sent("")).To(HaveLen(writes))
	})

	It("is of no CronJob that is being deleted", func() {
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(c), c)).To(Succeed())
		c.Finalizers = []string{"example.com/hold"}
		Expect(k8s.Update(ctx, c)).To(Succeed())
		Expect(k8s.Delete(ctx, c)).To(Succeed())
		w.settle()
		writes := len(w.operators()[0].wire.sent(""))
		w.setTime(first)
		w.settle()
		Expect(w.operators()[0].wire.sent("")).To(HaveLen(writes))
	})
})
