//go:build e2e

package olm

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	operatorsv1alpha1 "github.com/operator-framework/api/pkg/operators/v1alpha1"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	manifests "github.com/darkowlzz/daemonset-job/config/guard"
)

// reread is longer than the manager takes to read its admission policy again.
const reread = "60s"

// policies returns the admission policy and its binding, as the manifests have them.
func policies() (*admissionv1.ValidatingAdmissionPolicy, *admissionv1.ValidatingAdmissionPolicyBinding) {
	GinkgoHelper()
	policy, binding := &admissionv1.ValidatingAdmissionPolicy{}, &admissionv1.ValidatingAdmissionPolicyBinding{}
	Expect(yaml.UnmarshalStrict(manifests.Policy, policy)).To(Succeed())
	Expect(yaml.UnmarshalStrict(manifests.Binding, binding)).To(Succeed())
	return policy, binding
}

// enforced checks that the policy and its binding are as the manifests have them, and
// returns the policy's UID.
func enforced(g Gomega) string {
	policy, binding := policies()
	wantPolicy, wantBinding := policy.Spec.DeepCopy(), binding.Spec.DeepCopy()
	g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(policy), policy)).To(Succeed())
	g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(binding), binding)).To(Succeed())
	g.Expect(policy.Spec).To(Equal(*wantPolicy))
	g.Expect(binding.Spec).To(Equal(*wantBinding))
	return string(policy.UID)
}

// jobsAlone returns a client of a user who has rights on the Jobs of a namespace alone.
func jobsAlone(namespace string) client.Client {
	GinkgoHelper()
	const name = "jobs-alone"
	Expect(k8s.Create(ctx, &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{v1beta1.GroupVersion.Group}, Resources: []string{"jobs"}, Verbs: []string{"*"}}},
	})).To(Succeed())
	Expect(k8s.Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: name}},
	})).To(Succeed())
	config, err := ctrl.GetConfig()
	Expect(err).NotTo(HaveOccurred())
	config.Impersonate = rest.ImpersonationConfig{UserName: name}
	c, err := client.New(config, client.Options{})
	Expect(err).NotTo(HaveOccurred())
	return c
}

var _ = Describe("the admission policy", func() {
	It("is applied by the operator, repaired, kept by an upgrade, and left by an uninstall", func() {
		op := newNamespace()
		policy, binding := policies()
		for _, object := range []client.Object{policy, binding} {
			Expect(client.IgnoreNotFound(k8s.Delete(ctx, object))).To(Succeed())
		}
		source := offer(op, settings.previousImage)
		subscribe(op, operatorsv1alpha1.ApprovalAutomatic, op)
		succeeds(op, settings.previous)
		Eventually(enforced, reread).Should(Not(BeEmpty()))
		user := jobsAlone(op)
		refused := func() {
			GinkgoHelper()
			Eventually(func() error { return user.Create(ctx, quick(op), client.DryRunAll) }).Should(
				MatchError(ContainSubstring("may not create daemonsets.apps in namespace")))
		}
		refused()
		completes(quick(op))

		By("repairing it")
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(policy), policy)).To(Succeed())
		uid := string(policy.UID)
		policy.Spec.MatchConditions = []admissionv1.MatchCondition{{Name: "friends", Expression: `request.userInfo.username != "jobs-alone"`}}
		Expect(k8s.Update(ctx, policy)).To(Succeed())
		Eventually(enforced, reread).Should(Equal(uid))
		Expect(k8s.Delete(ctx, binding)).To(Succeed())
		Eventually(enforced, reread).Should(Equal(uid))
		refused()

		By("upgrading")
		offerInstead(source, settings.catalogImage)
		succeeds(op, settings.current)
		Consistently(enforced).Should(Equal(uid))
		refused()
		lacksNothing(op)

		By("uninstalling")
		uninstall(op)
		Consistently(enforced).Should(Equal(uid))
		refused()
	})
})
