package job_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	manifests "github.com/darkowlzz/daemonset-job/config/guard"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// policies returns the policy and its binding, as the manifests have them.
func policies() (*admissionv1.ValidatingAdmissionPolicy, *admissionv1.ValidatingAdmissionPolicyBinding) {
	GinkgoHelper()
	policy, binding := &admissionv1.ValidatingAdmissionPolicy{}, &admissionv1.ValidatingAdmissionPolicyBinding{}
	Expect(yaml.UnmarshalStrict(manifests.Policy, policy)).To(Succeed())
	Expect(yaml.UnmarshalStrict(manifests.Binding, binding)).To(Succeed())
	return policy, binding
}

// createPolicies creates the policy and its binding, and waits until the API server enforces
// them and a new Job is younger than they are.
func createPolicies() {
	GinkgoHelper()
	policy, binding := policies()
	Expect(k8s.Create(ctx, policy)).To(Succeed())
	Expect(k8s.Create(ctx, binding)).To(Succeed())
	Eventually(func() error {
		return userIn("default", "probe", jobRule("create")).Create(ctx, wrappers.Job("default", "probe").Obj(), client.DryRunAll)
	}).Should(Satisfy(apierrors.IsForbidden))
	time.Sleep(time.Until(binding.CreationTimestamp.Add(3 * time.Second)))
}

// deletePolicies deletes the policy and its binding, and waits until the API server knows it.
func deletePolicies() {
	GinkgoHelper()
	policy, binding := policies()
	Expect(client.IgnoreNotFound(k8s.Delete(ctx, policy))).To(Succeed())
	Expect(client.IgnoreNotFound(k8s.Delete(ctx, binding))).To(Succeed())
}

func jobRule(verbs ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{v1beta1.GroupVersion.Group}, Resources: []string{"jobs", "jobs/status"}, Verbs: verbs}
}

func daemonSetRule(verbs ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{"apps"}, Resources: []string{"daemonsets"}, Verbs: verbs}
}

// userIn returns a client of a user who has these rights in a namespace, and no others.
func userIn(namespace, name string, rules ...rbacv1.PolicyRule) client.Client {
	GinkgoHelper()
	bindIn(namespace, name, rules...)
	return impersonate(name)
}

func bindIn(namespace, name string, rules ...rbacv1.PolicyRule) {
	GinkgoHelper()
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Rules: rules}
	Expect(client.IgnoreAlreadyExists(k8s.Create(ctx, role))).To(Succeed())
	Expect(client.IgnoreAlreadyExists(k8s.Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: name}},
	}))).To(Succeed())
}

func impersonate(user string, groups ...string) client.Client {
	GinkgoHelper()
	config := rest.CopyConfig(env.Config)
	config.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: groups}
	config.QPS = -1
	c, err := client.New(config, client.Options{})
	Expect(err).NotTo(HaveOccurred())
	return c
}
