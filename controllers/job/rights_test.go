package job_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Pods and nodes are read by lists and watches alone. Whoever owns the operator's node
// has its token, so that a right that nothing uses is only theirs.
var _ = Describe("the manager's account", func() {
	DescribeTable("lists objects, and reads no single one", func(object client.Object, list client.ObjectList) {
		manager, err := client.New(managerConfig, client.Options{})
		Expect(err).NotTo(HaveOccurred())
		Expect(manager.List(ctx, list, client.Limit(1))).To(Succeed())
		err = manager.Get(ctx, client.ObjectKey{Namespace: "default", Name: "any"}, object)
		Expect(apierrors.IsForbidden(err)).To(BeTrue(), "%v", err)
	},
		Entry("of pods", &corev1.Pod{}, &corev1.PodList{}),
		Entry("of nodes", &corev1.Node{}, &corev1.NodeList{}),
		Entry("of events", &corev1.Event{}, &corev1.EventList{}),
	)

	DescribeTable("has no right to", func(verb func(client.Client) error) {
		manager, err := client.New(managerConfig, client.Options{})
		Expect(err).NotTo(HaveOccurred())
		err = verb(manager)
		Expect(apierrors.IsForbidden(err)).To(BeTrue(), "%v", err)
	},
		Entry("read Secrets", func(c client.Client) error { return c.List(ctx, &corev1.SecretList{}) }),
		Entry("create pods", func(c client.Client) error {
			pod := &corev1.Pod{}
			pod.Namespace, pod.Name = "default", "any"
			return c.Create(ctx, pod)
		}),
	)
})
