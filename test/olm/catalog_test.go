//go:build e2e

package olm

import (
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	operatorsv1alpha1 "github.com/operator-framework/api/pkg/operators/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const catalogPort = 50051

// serve runs a catalogue's image and returns its address. OLM could run such a pod
// itself, but would reach it by a DNS name that only pods can resolve. These tests run
// OLM outside of the cluster.
func serve(namespace, image string) string {
	GinkgoHelper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, GenerateName: "catalog-"},
		Spec: corev1.PodSpec{
			TerminationGracePeriodSeconds: new(int64(0)),
			Containers: []corev1.Container{{
				Name: "registry", Image: image, Ports: []corev1.ContainerPort{{ContainerPort: catalogPort}},
				ReadinessProbe: &corev1.Probe{PeriodSeconds: 1, ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(catalogPort)}}},
			}},
		},
	}
	Expect(k8s.Create(ctx, pod)).To(Succeed())
	Eventually(func() ([]corev1.PodCondition, error) {
		err := k8s.Get(ctx, client.ObjectKeyFromObject(pod), pod)
		return pod.Status.Conditions, err
	}).Should(ContainElement(And(HaveField("Type", corev1.PodReady), HaveField("Status", corev1.ConditionTrue))), "the pod of %s", image)
	return fmt.Sprintf("%s:%d", pod.Status.PodIP, catalogPort)
}

// offer creates a CatalogSource of the image in a namespace.
func offer(namespace, image string) *operatorsv1alpha1.CatalogSource {
	GinkgoHelper()
	source := &operatorsv1alpha1.CatalogSource{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "daemonset-job"},
		Spec:       operatorsv1alpha1.CatalogSourceSpec{SourceType: operatorsv1alpha1.SourceTypeGrpc, Address: serve(namespace, image)},
	}
	Expect(k8s.Create(ctx, source)).To(Succeed())
	return source
}

// offerInstead lets a CatalogSource offer another image.
func offerInstead(source *operatorsv1alpha1.CatalogSource, image string) {
	GinkgoHelper()
	address := serve(source.Namespace, image)
	Eventually(func() error {
		if err := k8s.Get(ctx, client.ObjectKeyFromObject(source), source); err != nil {
			return err
		}
		source.Spec.Address = address
		return k8s.Update(ctx, source)
	}).Should(Succeed())
}

// csvName returns the name of a version's ClusterServiceVersion.
func csvName(version string) string { return "daemonset-job.v" + strings.TrimPrefix(version, "v") }
