package job_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
)

var _ = Describe("a Job whose admission policy is gone", Serial, func() {
	var ns string
	BeforeEach(func() { ns = newNamespace() })

	const missing = "True GuardMissing"

	// withoutPolicy removes the policy, and puts it back when the test ends.
	withoutPolicy := func() {
		GinkgoHelper()
		DeferCleanup(func() {
			deletePolicies()
			createPolicies()
		})
		deletePolicies()
	}

	It("starts nothing, stops what is to stop, and goes on when it is back", func() {
		addNodes(ns, "a", "b")
		waves := create(pooled(ns, "waves").Parallelism("1"))
		plain := create(pooled(ns, "plain"))
		changed := create(pooled(ns, "changed"))
		ending := create(pooled(ns, "ending"))
		for _, j := range []*v1beta1.Job{plain, changed, ending} {
			Eventually(status(j)).Should(HaveField("Active", int32(2)))
		}
		Eventually(status(waves)).Should(HaveField("Active", int32(1)))
		withoutPolicy()
		for _, j := range []*v1beta1.Job{waves, plain, changed, ending} {
			Eventually(condition(j, v1beta1.JobBlocked)).Should(Equal(missing))
		}
		before, err := podNames(changed)()
		Expect(err).NotTo(HaveOccurred())

		By("starting nothing")
		first := open(ns, "waves", "a", "b")
		finish(ns, "waves", first)
		late := create(pooled(ns, "late"))
		change(changed, func(spec *v1beta1.JobSpec) { spec.Template.Spec.Containers[0].Image = "example.com/work:v2" })
		change(plain, func(spec *v1beta1.JobSpec) { spec.Suspend = new(true) })
		Eventually(status(waves)).Should(And(HaveField("Succeeded", int32(1)), HaveField("Active", int32(0))))
		Eventually(condition(late, v1beta1.JobBlocked)).Should(Equal(missing))
		Consistently(func(g Gomega) {
			g.Expect(status(waves)()).To(HaveField("Active", int32(0)))
			g.Expect(podNames(changed)()).To(Equal(before))
			g.Expect(notFound(late)()).To(BeTrue())
			g.Expect(status(late)()).To(HaveField("TemplateHash", ""))
		}).Should(Succeed())
		Expect(eventReasons(late)()).NotTo(ContainElement(v1beta1.ReasonGuardMissing), "the Deployment has the event")

		By("stopping what is to stop")
		Eventually(func() (bool, error) {
			ds, err := daemonSetOf(plain)
			return err == nil && daemonset.HasGate(&ds.Spec.Template.Spec), err
		}).Should(BeTrue())
		finish(ns, "ending", "a")
		finish(ns, "ending", "b")
		Eventually(condition(ending, v1beta1.JobComplete)).Should(Equal("True AllNodesDone"))

		By("going on")
		createPolicies()
		finish(ns, "waves", without(first, "a", "b")[0])
		Eventually(condition(waves, v1beta1.JobComplete)).Should(Equal("True AllNodesDone"))
		Eventually(podNames(changed)).ShouldNot(ContainElements(before))
		Eventually(status(changed)).Should(HaveField("Active", int32(2)))
		Eventually(condition(late, v1beta1.JobBlocked)).Should(Equal("True NotVouchedFor"))
		Consistently(notFound(late)).Should(BeTrue())
		Expect(k8s.Delete(ctx, late)).To(Succeed())
		late = create(pooled(ns, "late"))
		Eventually(status(late)).Should(HaveField("Active", int32(2)))
	})

	It("does not count one that is altered or only warns", func() {
		addNodes(ns, "a")
		DeferCleanup(func() {
			deletePolicies()
			createPolicies()
		})
		_, binding := policies()
		alter := func(actions ...admissionv1.ValidationAction) {
			GinkgoHelper()
			Expect(k8s.Get(ctx, client.ObjectKeyFromObject(binding), binding)).To(Succeed())
			binding.Spec.ValidationActions = actions
			Expect(k8s.Update(ctx, binding)).To(Succeed())
		}
		running := create(pooled(ns, "running").Parallelism("1"))
		Eventually(status(running)).Should(HaveField("Active", int32(1)))
		alter(admissionv1.Warn)
		Eventually(condition(running, v1beta1.JobBlocked)).Should(Equal(missing))
		j := create(pooled(ns, "j"))
		Eventually(condition(j, v1beta1.JobBlocked)).Should(Equal(missing))
		Consistently(notFound(j)).Should(BeTrue())
		alter(admissionv1.Deny)
		Eventually(status(j)).Should(HaveField("Active", int32(1)))
		Eventually(condition(running, v1beta1.JobBlocked)).Should(Equal("False NotBlocked"))
	})
})
