//go:build e2e

package olm

import (
	"fmt"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	operatorsv1 "github.com/operator-framework/api/pkg/operators/v1"
	operatorsv1alpha1 "github.com/operator-framework/api/pkg/operators/v1alpha1"
	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const deployment = "daemonset-job-controller-manager"

// newNamespace creates a namespace for one test.
func newNamespace() string {
	GinkgoHelper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "olm-"}}
	Expect(k8s.Create(ctx, namespace)).To(Succeed())
	DeferCleanup(func() { Expect(client.IgnoreNotFound(k8s.Delete(ctx, namespace))).To(Succeed()) })
	return namespace.Name
}

// subscribe subscribes to the operator in a namespace, with the target namespaces that
// it watches. Without targets it watches all namespaces.
func subscribe(namespace string, approval operatorsv1alpha1.Approval, targets ...string) {
	GinkgoHelper()
	group := &operatorsv1.OperatorGroup{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "group"},
		Spec:       operatorsv1.OperatorGroupSpec{TargetNamespaces: targets},
	}
	Expect(client.IgnoreAlreadyExists(k8s.Create(ctx, group))).To(Succeed())
	Expect(k8s.Create(ctx, &operatorsv1alpha1.Subscription{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "daemonset-job"},
		Spec: &operatorsv1alpha1.SubscriptionSpec{
			CatalogSource: "daemonset-job", CatalogSourceNamespace: namespace, Package: "daemonset-job",
			Channel: "stable", InstallPlanApproval: approval,
		},
	})).To(Succeed())
	DeferCleanup(func() { uninstall(namespace) })
}

// uninstall deletes the Subscription and the ClusterServiceVersion, as a user would.
// The operator's pods keep working until they end, after the Deployment is gone. So
// uninstall also waits for the pods.
func uninstall(namespace string) {
	GinkgoHelper()
	for _, kind := range []client.Object{&operatorsv1alpha1.Subscription{}, &operatorsv1alpha1.ClusterServiceVersion{}} {
		Expect(k8s.DeleteAllOf(ctx, kind, client.InNamespace(namespace))).To(Succeed())
	}
	Eventually(func() error {
		return k8s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: deployment}, &appsv1.Deployment{})
	}).Should(Satisfy(apierrors.IsNotFound), "the operator's Deployment goes with its ClusterServiceVersion")
	Eventually(operatorPods(namespace)).Should(BeEmpty(), "the operator's pods go with its Deployment")
}

// operatorPods returns the operator's pods in a namespace.
func operatorPods(namespace string) func() ([]corev1.Pod, error) {
	return func() ([]corev1.Pod, error) {
		list := &corev1.PodList{}
		err := k8s.List(ctx, list, client.InNamespace(namespace), client.MatchingLabels{"app.kubernetes.io/name": "daemonset-job", "control-plane": "controller-manager"})
		return list.Items, err
	}
}

// phase returns the phase of a version in a namespace, with its reason.
func phase(namespace, version string) func() (string, error) {
	return func() (string, error) {
		csv := &operatorsv1alpha1.ClusterServiceVersion{}
		err := k8s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: csvName(version)}, csv)
		if csv.Status.Phase != operatorsv1alpha1.CSVPhaseSucceeded && csv.Status.Message != "" {
			return fmt.Sprintf("%s: %s", csv.Status.Phase, csv.Status.Message), err
		}
		return string(csv.Status.Phase), err
	}
}

func succeeds(namespace, version string) {
	GinkgoHelper()
	Eventually(phase(namespace, version)).Should(Equal("Succeeded"))
}

// plans returns the InstallPlans of a namespace.
func plans(namespace string) func() ([]operatorsv1alpha1.InstallPlan, error) {
	return func() ([]operatorsv1alpha1.InstallPlan, error) {
		list := &operatorsv1alpha1.InstallPlanList{}
		err := k8s.List(ctx, list, client.InNamespace(namespace))
		return list.Items, err
	}
}

// lacksNothing checks the operator's logs for requests that RBAC refused. The log of a
// pod that an upgrade is deleting can be gone at any moment, so it is not read.
func lacksNothing(namespace string) {
	GinkgoHelper()
	pods, err := operatorPods(namespace)()
	Expect(err).NotTo(HaveOccurred())
	pods = slices.DeleteFunc(pods, func(pod corev1.Pod) bool { return pod.DeletionTimestamp != nil })
	Expect(pods).NotTo(BeEmpty())
	for i := range pods {
		for _, container := range []string{"manager", "terminator"} {
			log, err := api.CoreV1().Pods(namespace).GetLogs(pods[i].Name, &corev1.PodLogOptions{Container: container}).DoRaw(ctx)
			Expect(err).NotTo(HaveOccurred(), "log of %s in %s", container, pods[i].Name)
			refused := slices.DeleteFunc(strings.Split(string(log), "\n"), func(line string) bool { return !strings.Contains(line, "forbidden") })
			Expect(refused).To(BeEmpty(), "log of %s in %s", container, pods[i].Name)
		}
	}
}

// mayCreateLeases returns whether the operator in the namespace op may create leases in
// another one.
func mayCreateLeases(op, namespace string) bool {
	GinkgoHelper()
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User:               "system:serviceaccount:" + op + ":" + deployment,
		ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: namespace, Verb: "create", Group: "coordination.k8s.io", Resource: "leases"},
	}}
	Expect(k8s.Create(ctx, review)).To(Succeed())
	return review.Status.Allowed
}

// rolesIn returns the Roles that OLM made for the operator in a namespace.
func rolesIn(namespace string) func() ([]rbacv1.Role, error) {
	return func() ([]rbacv1.Role, error) {
		list := &rbacv1.RoleList{}
		err := k8s.List(ctx, list, client.InNamespace(namespace), client.MatchingLabels{"olm.owner": csvName(settings.current)})
		return list.Items, err
	}
}

// clusterRoles returns the names of the ClusterRoles of the operator and for its users.
func clusterRoles() ([]string, error) {
	list := &rbacv1.ClusterRoleList{}
	err := k8s.List(ctx, list)
	var names []string
	for i := range list.Items {
		if strings.HasPrefix(list.Items[i].Name, "daemonset-job") {
			names = append(names, list.Items[i].Name)
		}
	}
	return names, err
}
