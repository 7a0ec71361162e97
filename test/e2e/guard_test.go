//go:build e2e

package e2e

import (
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// guardFolder has the admission policy for Jobs, and sampleFile a Job.
const guardFolder, sampleFile = "../../config/guard", "../../config/samples/daemonset_v1beta1_job.yaml"

// bindTo binds a user to a role in a namespace.
func bindTo(namespace, kind, role, user string) {
	GinkgoHelper()
	Expect(k8s.Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: user},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: kind, Name: role},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: user}},
	})).To(Succeed())
}

var _ = Describe("the guard", func() {
	var ns string
	BeforeEach(func() { ns = newNamespace() })

	It("refuses who has rights on Jobs alone what a Job runs, and nothing else", func() {
		Expect(k8s.Create(ctx, &rbacv1.Role{
			ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "jobs-alone"},
			Rules:      []rbacv1.PolicyRule{{APIGroups: []string{v1beta1.GroupVersion.Group}, Resources: []string{"jobs"}, Verbs: []string{"*"}}},
		})).To(Succeed())
		bindTo(ns, "Role", "jobs-alone", "ann")
		apply(ns, "suspend_hold.yaml")
		as := func(args ...string) error {
			_, err := kubectl(append([]string{"--as=ann", "-n", ns}, args...)...)
			return err
		}
		const patch = `{"spec":{"image":"example.com/evil:v1"}}`
		for _, args := range [][]string{
			{"create", "-f", sampleFile},
			{"apply", "-f", sampleFile},
			{"apply", "--server-side", "-f", sampleFile},
			{"patch", "dsj", "held", "--type=merge", "-p", patch},
			{"patch", "dsj", "held", "--type=json", "-p", `[{"op":"replace","path":"/spec/suspend","value":false}]`},
		} {
			Expect(as(args...)).To(MatchError(And(ContainSubstring(`user "ann" may not create daemonsets.apps in namespace "`+ns+`"`),
				ContainSubstring("ask an administrator for the ClusterRole edit"))), strings.Join(args, " "))
		}
		for _, args := range [][]string{
			{"label", "dsj", "held", "a=b"},
			{"annotate", "dsj", "held", v1beta1.AnnotationResume + "=1"},
			{"patch", "dsj", "held", "--type=merge", "-p", `{"metadata":{"finalizers":["example.com/a"]}}`},
			{"patch", "dsj", "held", "--type=merge", "-p", `{"metadata":{"finalizers":null}}`},
			{"delete", "dsj", "held"},
		} {
			Expect(as(args...)).To(Succeed())
		}
	})

	// It has the folder /tmp/foo of the nodes for itself.
	It("lets who may edit the namespace run the sample", Serial, func() {
		onAllHosts("mkdir -p /host/tmp/foo")
		bindTo(ns, "ClusterRole", "edit", "bob")
		Eventually(func() error { // The ClusterRole is aggregated by a controller.
			_, err := kubectl("--as=bob", "-n", ns, "apply", "-f", sampleFile)
			return err
		}).Should(Succeed())
		Eventually(func() error {
			_, err := kubectl("--as=bob", "-n", ns, "apply", "-f", "../../config/samples/daemonset_v1beta1_cronjob.yaml")
			return err
		}).Should(Succeed())
		Eventually(nothingLeft(named(ns, "job-sample"))).Should(Succeed())
		onAllHosts("test ! -e /host/tmp/foo")
	})
})

var _ = Describe("without the guard", Label("local"), Serial, func() {
	// reread is longer than the manager takes to read the policy again.
	const reread = 45 * time.Second
	var ns string
	BeforeEach(func() {
		// Another cluster's Jobs would all be unguarded.
		requireLocalCluster()
		ns = newNamespace()
		DeferCleanup(func() {
			_, err := kubectl("apply", "-k", guardFolder)
			Expect(err).NotTo(HaveOccurred())
			_, err = kubectl("replace", "-k", guardFolder)
			Expect(err).NotTo(HaveOccurred())
			j := create(shell(ns, "last", "true").Exit())
			Eventually(func() error {
				if text, err := blocked(j)(); err != nil || !strings.HasPrefix(text, v1beta1.ReasonNotVouchedFor) {
					return nothingLeft(j)()
				}
				Expect(k8s.Delete(ctx, j)).To(Succeed())
				j = create(shell(ns, "last", "true").Exit())
				return nothingLeft(j)()
			}, 2*reread, "3s").Should(Succeed())
		})
	})

	It("no node starts, and the Job and the Deployment say what to apply", func() {
		waves := create(shell(ns, "waves", waits).Parallelism("1"))
		Eventually(status(waves)).Should(HaveField("Active", int32(1)))
		_, err := kubectl("delete", "-k", guardFolder)
		Expect(err).NotTo(HaveOccurred())
		Eventually(blocked(waves), reread).Should(And(HavePrefix("GuardMissing: "), ContainSubstring("kubectl apply -k")))
		Eventually(func() (string, error) {
			return kubectl("-n", operatorNamespace, "describe", "deployment", operatorKey.Name)
		}).Should(ContainSubstring("GuardMissing"))
		late := create(shell(ns, "late", "true").Exit())
		letGo(ns, nodes...)
		Eventually(blocked(late)).Should(HavePrefix("GuardMissing: "))
		Eventually(status(waves)).Should(And(HaveField("Succeeded", int32(1)), HaveField("Active", int32(0))))
		Consistently(status(waves)).Should(HaveField("Active", int32(0)))

		_, err = kubectl("apply", "-k", guardFolder)
		Expect(err).NotTo(HaveOccurred())
		Eventually(nothingLeft(waves), 2*reread).Should(Succeed())
		Eventually(blocked(late)).Should(And(HavePrefix("NotVouchedFor: "), ContainSubstring("kubectl replace --force")))
		Expect(k8s.Get(ctx, client.ObjectKey{Namespace: ns, Name: v1beta1.DaemonSetName("late")}, &metav1.PartialObjectMetadata{
			TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "DaemonSet"},
		})).To(Satisfy(apierrors.IsNotFound))
	})

	It("an exemption is found, and goes when the policy is replaced", func() {
		policy := &admissionv1.ValidatingAdmissionPolicy{}
		Expect(k8s.Get(ctx, client.ObjectKey{Name: "daemonset-job-guard"}, policy)).To(Succeed())
		policy.Spec.MatchConditions = []admissionv1.MatchCondition{{Name: "friends", Expression: `request.userInfo.username != "friend"`}}
		Expect(k8s.Update(ctx, policy)).To(Succeed())
		held := create(shell(ns, "held", waits).Suspend(true))
		Eventually(blocked(held), reread).Should(And(HavePrefix("GuardMissing: "), ContainSubstring("kubectl replace -k")))
		_, err := kubectl("replace", "-k", guardFolder)
		Expect(err).NotTo(HaveOccurred())
		Eventually(blocked(held), reread).Should(HavePrefix("NotBlocked: "))
	})
})
