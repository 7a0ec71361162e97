//go:build e2e

package e2e

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const controlPlane = "node-role.kubernetes.io/control-plane"

// setControlPlane gives a node the label and the taint of the control plane, or removes them.
func setControlPlane(name string, member bool) {
	GinkgoHelper()
	setNode(name, func(node *corev1.Node) {
		delete(node.Labels, controlPlane)
		node.Spec.Taints = slices.DeleteFunc(node.Spec.Taints, func(taint corev1.Taint) bool { return taint.Key == controlPlane })
		if member {
			node.Labels[controlPlane] = ""
			node.Spec.Taints = append(node.Spec.Taints, corev1.Taint{Key: controlPlane, Effect: corev1.TaintEffectNoSchedule})
		}
	})
}

// setNode changes a node.
func setNode(name string, change func(*corev1.Node)) {
	GinkgoHelper()
	Expect(retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		node := &corev1.Node{}
		if err := k8s.Get(ctx, client.ObjectKey{Name: name}, node); err != nil {
			return err
		}
		change(node)
		return k8s.Update(ctx, node)
	})).To(Succeed())
}

// nodesTakePods returns an error if a node is not ready, or has a taint other than that of
// the control plane. The node lifecycle controller removes its own some time after a kubelet
// is back.
func nodesTakePods() error {
	list := &corev1.NodeList{}
	if err := k8s.List(ctx, list); err != nil {
		return err
	}
	for i := range list.Items {
		node := &list.Items[i]
		for _, condition := range node.Status.Conditions {
			if condition.Type == corev1.NodeReady && condition.Status != corev1.ConditionTrue {
				return fmt.Errorf("%s is not ready: %s", node.Name, condition.Message)
			}
		}
		for _, taint := range node.Spec.Taints {
			if taint.Key != controlPlane {
				return fmt.Errorf("%s has the taint %s", node.Name, taint.Key)
			}
		}
	}
	return nil
}

// placeOnControlPlane returns on which node the scheduler places a pod that must run on the
// control plane and requests as much as the other pod. The scheduler has then observed the
// node's label, and that it has room. The pod is gone when this returns.
func placeOnControlPlane(like *corev1.Pod) string {
	GinkgoHelper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: hostNamespace, GenerateName: "probe-"},
		Spec: corev1.PodSpec{
			NodeSelector:                  map[string]string{controlPlane: ""},
			Tolerations:                   []corev1.Toleration{{Key: controlPlane, Operator: corev1.TolerationOpExists}},
			TerminationGracePeriodSeconds: new(int64(0)),
		},
	}
	for i := range like.Spec.Containers {
		pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{
			Name: like.Spec.Containers[i].Name, Image: shellImage, Command: []string{"/bin/sh", "-c", "sleep 3600"},
			Resources: like.Spec.Containers[i].Resources,
		})
	}
	Expect(k8s.Create(ctx, pod)).To(Succeed())
	Eventually(nodeOf(pod)).ShouldNot(BeEmpty())
	node, err := nodeOf(pod)()
	Expect(err).NotTo(HaveOccurred())
	Expect(k8s.Delete(ctx, pod)).To(Succeed())
	Eventually(func() error { return k8s.Get(ctx, client.ObjectKeyFromObject(pod), pod) }).Should(MatchError(apierrors.IsNotFound, "IsNotFound"))
	return node
}

// metricsToken returns a token of an account that may read the operator's metrics, until the
// test ends.
func metricsToken() string {
	GinkgoHelper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: hostNamespace, Name: "metrics-reader"}}
	bound := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "e2e-metrics-reader"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "daemonset-job-metrics-reader"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: account.Namespace, Name: account.Name}},
	}
	for _, object := range []client.Object{account, bound} {
		Expect(client.IgnoreAlreadyExists(k8s.Create(ctx, object))).To(Succeed())
		DeferCleanup(func() { Expect(client.IgnoreNotFound(k8s.Delete(ctx, object))).To(Succeed()) })
	}
	token := &authenticationv1.TokenRequest{}
	Expect(k8s.SubResource("token").Create(ctx, account, token)).To(Succeed())
	return token.Status.Token
}

// readMetrics returns the metrics of a process of the operator, whose certificate is self-signed.
func readMetrics(address, token string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+address+"/metrics", nil)
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	scraper := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}
	response, err := scraper.Do(request)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(response.Body)
	return string(body), errors.Join(err, response.Body.Close())
}

var _ = Describe("the operator's pod", Label("local"), Serial, func() {
	BeforeEach(requireLocalCluster)

	It("runs on the control plane if that has a node, and other pods reach its metrics", func() {
		pods, err := operatorPods()
		Expect(err).NotTo(HaveOccurred())
		i := slices.IndexFunc(nodes, func(name string) bool { return name != pods[0].Spec.NodeName })
		Expect(i).To(BeNumerically(">=", 0), "a node without the operator")
		DeferCleanup(renewOperator)
		setControlPlane(nodes[i], true)
		DeferCleanup(setControlPlane, nodes[i], false)
		Eventually(nodesTakePods).Should(Succeed())
		Expect(placeOnControlPlane(&pods[0])).To(Equal(nodes[i]))
		renewOperator()

		pods, err = operatorPods()
		Expect(err).NotTo(HaveOccurred())
		Expect(pods[0].Spec.NodeName).To(Equal(nodes[i]))
		token := metricsToken()
		for _, port := range []string{"8443", "8444"} {
			_, err := onHost(nodes[i], "nc -w 5 "+pods[0].Status.PodIP+" "+port+" </dev/null")
			Expect(err).NotTo(HaveOccurred(), "a pod of another application")
			// A pod has workers once it leads.
			Eventually(func() (string, error) { return readMetrics(pods[0].Status.PodIP+":"+port, token) }).
				Should(ContainSubstring("controller_runtime_active_workers"))
		}
	})
})
