package job_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// Kubernetes checks the expressions of a policy against the schema of each kind whose
// version the policy names. Ours names none, since later versions of Jobs belong to it.
var _ = Describe("the types of the admission policy's expressions", func() {
	DescribeTable("are right for Kubernetes", func(version string) {
		policy, _ := policies()
		policy.ObjectMeta = metav1.ObjectMeta{GenerateName: "types-"}
		policy.Spec.MatchConstraints.ResourceRules[0].APIVersions = []string{version}
		Expect(k8s.Create(ctx, policy)).To(Succeed())
		DeferCleanup(func() { Expect(k8s.Delete(ctx, policy)).To(Succeed()) })
		checked := func() (*admissionv1.TypeChecking, error) {
			err := k8s.Get(ctx, client.ObjectKeyFromObject(policy), policy)
			return policy.Status.TypeChecking, err
		}
		Eventually(checked).ShouldNot(BeNil())
		Expect(policy.Status.TypeChecking.ExpressionWarnings).To(BeEmpty())
	},
		Entry("as it is installed", "*"),
		Entry("with the version of the CRD", v1beta1.GroupVersion.Version),
	)
})
