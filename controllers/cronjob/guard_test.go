package cronjob_test

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	manifests "github.com/darkowlzz/daemonset-job/config/guard"
)

// createPolicies creates the admission policy, and waits until the API server enforces it.
func createPolicies(user client.Client, ns string) {
	GinkgoHelper()
	policy, binding := &admissionv1.ValidatingAdmissionPolicy{}, &admissionv1.ValidatingAdmissionPolicyBinding{}
	Expect(yaml.UnmarshalStrict(manifests.Policy, policy)).To(Succeed())
	Expect(yaml.UnmarshalStrict(manifests.Binding, binding)).To(Succeed())
	Expect(k8s.Create(ctx, policy)).To(Succeed())
	Expect(k8s.Create(ctx, binding)).To(Succeed())
	Eventually(func() error { return user.Create(ctx, hourly(ns, "probe"), client.DryRunAll) }).Should(Satisfy(apierrors.IsForbidden))
}

// deletePolicies deletes the admission policy.
func deletePolicies() {
	GinkgoHelper()
	for _, object := range []client.Object{&admissionv1.ValidatingAdmissionPolicy{}, &admissionv1.ValidatingAdmissionPolicyBinding{}} {
		object.SetName("daemonset-job-guard")
		Expect(client.IgnoreNotFound(k8s.Delete(ctx, object))).To(Succeed())
	}
}

// userIn returns a client of a user who may do anything with CronJobs in a namespace, and
// nothing else.
func userIn(ns string) client.Client {
	GinkgoHelper()
	Expect(k8s.Create(ctx, &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "ann"}, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{v1beta1.GroupVersion.Group}, Resources: []string{"cronjobs", "jobs"}, Verbs: []string{"*"}},
	}})).To(Succeed())
	Expect(k8s.Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "ann"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "ann"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: "ann"}},
	})).To(Succeed())
	config := rest.CopyConfig(env.Config)
	config.Impersonate = rest.ImpersonationConfig{UserName: "ann"}
	c, err := client.New(config, client.Options{})
	Expect(err).NotTo(HaveOccurred())
	return c
}

var _ = Describe("the admission policy", Serial, func() {
	It("is asked for before a run, and vouches for a CronJob that is younger or ran before", func() {
		w := newWorld()
		w.guarded = true
		user := userIn(w.ns)
		DeferCleanup(deletePolicies)
		w.start()
		old, ran := w.create(hourly(w.ns, "old")), w.create(hourly(w.ns, "ran"))
		Expect(k8s.Status().Patch(ctx, ran, client.RawPatch(types.MergePatchType, fmt.Appendf(nil,
			`{"status":{"lastScheduleTime":%q}}`, ran.CreationTimestamp.Add(-time.Hour).UTC().Format(time.RFC3339))))).To(Succeed())
		first := w.observed(old)

		By("being missing")
		w.setTime(first)
		for _, c := range []*v1beta1.CronJob{old, ran} {
			Eventually(condition(c, v1beta1.CronJobReady)).Should(Equal("False GuardMissing"))
			Expect(message(c, v1beta1.CronJobReady)).To(ContainSubstring("daemonset-job-guard"))
			Expect(condition(c, v1beta1.CronJobStalled)()).To(BeEmpty())
		}
		w.step(5 * time.Minute)
		w.settle()
		Expect(w.runs()).To(BeEmpty())
		Expect(statusOf(old)()).To(And(HaveField("LastScheduleTime", BeNil()), HaveField("Pending", BeNil())), "the run is not consumed")

		By("being applied")
		createPolicies(user, w.ns)
		w.step(time.Minute)
		for range 10 { // The guard reads it ten times a second.
			time.Sleep(50 * time.Millisecond)
			w.step(time.Minute)
		}
		Eventually(condition(old, v1beta1.CronJobStalled)).Should(Equal("True NotVouchedFor"))
		Expect(condition(old, v1beta1.CronJobReady)()).To(Equal("False NotVouchedFor"))
		job(ran, first)
		w.settle()
		Expect(w.runs()).To(Equal(names(ran, first)))
		Expect(w.eventsOf("NotVouchedFor")).To(HaveLen(1))

		By("limiting who may write what a CronJob runs")
		Expect(user.Create(ctx, hourly(w.ns, "new"))).To(Satisfy(apierrors.IsForbidden))
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(ran), ran)).To(Succeed())
		patch := func(patch string) error {
			return user.Patch(ctx, ran.DeepCopy(), client.RawPatch(types.MergePatchType, []byte(patch)))
		}
		Expect(patch(`{"spec":{"jobTemplate":{"spec":{"image":"example.com/evil:v1"}}}}`)).To(Satisfy(apierrors.IsForbidden))
		Expect(patch(`{"metadata":{"labels":{"a":"b"}}}`)).To(Succeed())

		By("being older than the CronJob")
		time.Sleep(3 * time.Second) // By then it is enforced on every request.
		Expect(k8s.Delete(ctx, old)).To(Succeed())
		old = hourly(w.ns, "old")
		Expect(k8s.Create(ctx, old)).To(Succeed())
		job(old, first)
		w.settle()
		Expect(w.runs()).To(Equal([]string{runName(ran, first), runName(old, first)}))

		By("being gone again")
		deletePolicies()
		for _, c := range []*v1beta1.CronJob{old, ran} {
			finish(job(c, first), v1beta1.JobComplete, w.clock.Now())
		}
		time.Sleep(300 * time.Millisecond)
		second := first.Add(time.Hour)
		w.setTime(second)
		Eventually(condition(ran, v1beta1.CronJobReady)).Should(Equal("False GuardMissing"))
		w.settle()
		Expect(w.runs()).To(HaveLen(2))
		Expect(statusOf(ran)()).To(HaveField("LastRun.Phase", v1beta1.RunPhase("Complete")), "what is there is still observed")
		createPolicies(user, w.ns)
		time.Sleep(300 * time.Millisecond)
		w.step(time.Minute)
		job(ran, second)
		job(old, second)
	})
})
