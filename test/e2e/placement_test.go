//go:build e2e

package e2e

import (
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
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
		renewOperator()

		pods, err = operatorPods()
		Expect(err).NotTo(HaveOccurred())
		Expect(pods[0].Spec.NodeName).To(Equal(nodes[i]))
		for _, port := range []string{"8080", "8082"} {
			Expect(onHost(nodes[i], "wget -q -O - http://"+pods[0].Status.PodIP+":"+port+"/metrics")).To(ContainSubstring("controller_runtime_active_workers"))
		}
	})
})
