//go:build e2e

package olm

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// These tests apply what OLM v1's own resolver and renderer return, in place of its controller
// and with the rights of the example's account. The API server checks both. Kubernetes' garbage
// collector uninstalls, as it does for OLM v1: the ClusterExtension owns all objects.
var _ = Describe("a ClusterExtension", func() {
	const namespace = "daemonset-job-system"

	It("installs the operator, upgrades it while a Job is at work, and takes all with it", func() {
		extension := applyExample()
		catalogue := unpack(settings.catalogImage)
		old := bundleOf(unpack(settings.previousImage), settings.previous, "")
		current := bundleOf(catalogue, settings.current, settings.previous)
		removeLeftovers(append(old, current...))

		By("installing")
		apply(extension, old)
		Eventually(rolledOut(namespace)).Should(BeTrue())
		user := newNamespace()
		completes(quick(user))
		job := waiting(user)
		before := pods(job)

		By("upgrading")
		apply(extension, current)
		prune(extension, old, current)
		Eventually(rolledOut(namespace)).Should(BeTrue())
		Expect(status(job)()).To(HaveField("Active", int32(len(before))))
		letGo(job)
		Eventually(gone(job)).Should(BeTrue())
		ranOnce(job)
		lacksNothing(namespace)

		By("deleting the ClusterExtension alone")
		job = waiting(newNamespace())
		output("kubectl", "delete", "clusterextension", extension.GetName(), "--cascade=orphan")
		Consistently(rolledOut(namespace)).Should(BeTrue())
		Expect(status(job)()).To(HaveField("Active", int32(len(before))))
		extension = applyExample()
		apply(extension, current)

		collected(job.Namespace)

		By("uninstalling")
		Expect(k8s.Delete(ctx, extension)).To(Succeed())
		for _, object := range append(current, daemonSetOf(job)...) {
			Eventually(func() error { return k8s.Get(ctx, client.ObjectKeyFromObject(object), object) }).
				Should(Satisfy(apierrors.IsNotFound), "%s %s", object.GetObjectKind().GroupVersionKind().Kind, object.GetName())
		}
		Eventually(func() []corev1.Pod { return pods(job) }).Should(BeEmpty(), "the Job's pods go with its definition")
		Eventually(enforced).ShouldNot(BeEmpty(), "the admission policy is the operator's own, and stays")
	})
})

// rolledOut returns whether the operator's Deployment runs what it asks for, and no more.
func rolledOut(namespace string) func() (bool, error) {
	return func() (bool, error) {
		d := &appsv1.Deployment{}
		err := k8s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: deployment}, d)
		s := d.Status
		return s.ObservedGeneration == d.Generation && s.UpdatedReplicas == 1 && s.ReadyReplicas == 1 && s.Replicas == 1, err
	}
}

// daemonSetOf returns the DaemonSet of a Job, to be read.
func daemonSetOf(job *v1beta1.Job) []client.Object {
	return []client.Object{&appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Namespace: job.Namespace, Name: job.Name + "-daemonset-job"}}}
}

// removeLeftovers deletes the objects without a namespace that uninstalling with OLM v0 left.
// OLM v1 takes over no object that it did not make.
func removeLeftovers(objects []client.Object) {
	GinkgoHelper()
	for _, object := range objects {
		if object.GetNamespace() == "" {
			Expect(client.IgnoreNotFound(k8s.Delete(ctx, object.DeepCopyObject().(client.Object)))).To(Succeed())
		}
	}
	crd := &apiextensionsv1.CustomResourceDefinition{}
	Eventually(func() error { return k8s.Get(ctx, client.ObjectKey{Name: "jobs.daemonset.darkowlzz.space"}, crd) }).
		Should(Satisfy(apierrors.IsNotFound))
}
