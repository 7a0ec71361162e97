//go:build e2e

package olm

import (
	"os"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	operatorsv1alpha1 "github.com/operator-framework/api/pkg/operators/v1alpha1"
	appsv1 "k8s.io/api/apps/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

var _ = Describe("a Subscription", func() {
	var op string
	BeforeEach(func() { op = newNamespace() })

	DescribeTable("installs the operator, which does its work",
		func(pick func(op, a, b string) (targets, watched, others []string)) {
			a, b := newNamespace(), newNamespace()
			targets, watched, others := pick(op, a, b)
			offer(op, settings.catalogImage)
			subscribe(op, operatorsv1alpha1.ApprovalAutomatic, targets...)
			succeeds(op, settings.current)
			for _, namespace := range watched {
				completes(quick(namespace))
			}
			for _, namespace := range others {
				isLeftAlone(quick(namespace))
				Expect(rolesIn(namespace)()).To(BeEmpty(), "no rights where it does not watch")
			}
			lacksNothing(op)
			Expect(mayCreateLeases(op, op)).To(BeTrue())
			for _, namespace := range []string{a, b} {
				Expect(mayCreateLeases(op, namespace)).To(BeFalse(), "a lease of another program")
			}
		},
		Entry("in its own namespace", func(op, a, b string) (targets, watched, others []string) {
			return []string{op}, []string{op}, []string{a, b}
		}),
		Entry("in a single other namespace", func(_, a, b string) (targets, watched, others []string) {
			return []string{a}, []string{a}, []string{b}
		}),
		Entry("in several namespaces", func(_, a, b string) (targets, watched, others []string) {
			return []string{a, b}, []string{a, b}, []string{newNamespace()}
		}),
		Entry("in all namespaces", func(op, a, b string) (targets, watched, others []string) {
			return nil, []string{op, a, b}, nil
		}),
	)

	It("installs nothing before a person approves, and then runs the sample", func() {
		offer(op, settings.catalogImage)
		subscribe(op, operatorsv1alpha1.ApprovalManual)
		Eventually(plans(op)).Should(HaveExactElements(HaveField("Spec.ClusterServiceVersionNames", HaveExactElements(csvName(settings.current)))))
		Consistently(func() ([]appsv1.Deployment, error) {
			list := &appsv1.DeploymentList{}
			err := k8s.List(ctx, list, client.InNamespace(op))
			return list.Items, err
		}).Should(BeEmpty())
		Eventually(func() error {
			found, err := plans(op)()
			if err != nil {
				return err
			}
			found[0].Spec.Approved = true
			return k8s.Update(ctx, &found[0])
		}).Should(Succeed())
		succeeds(op, settings.current)
		for _, node := range local.Nodes() {
			Expect(os.MkdirAll(onNode(node, "foo"), 0o755)).To(Succeed())
		}
		completes(sample(op))
		for _, node := range local.Nodes() {
			Expect(onNode(node, "foo")).NotTo(BeAnExistingFile())
		}
		lacksNothing(op)
	})

	It("upgrades from the previous version while a Job is at work", func() {
		source := offer(op, settings.previousImage)
		subscribe(op, operatorsv1alpha1.ApprovalAutomatic, op)
		succeeds(op, settings.previous)
		job := waiting(op)
		before := pods(job)

		offerInstead(source, settings.catalogImage)
		succeeds(op, settings.current)
		Eventually(func() error {
			_, err := phase(op, settings.previous)()
			return err
		}).Should(Satisfy(apierrors.IsNotFound), "the previous version is gone")

		Expect(status(job)()).To(HaveField("Active", int32(len(before))))
		letGo(job)
		Eventually(gone(job)).Should(BeTrue())
		ranOnce(job)
		lacksNothing(op)
	})

	It("leaves the Jobs and their CRD when it is uninstalled, and finds them when it is back", func() {
		offer(op, settings.catalogImage)
		subscribe(op, operatorsv1alpha1.ApprovalAutomatic, op)
		succeeds(op, settings.current)
		job := waiting(op)
		uninstall(op)

		letGo(job)
		Consistently(status(job)).Should(HaveField("Phase", v1beta1.PhaseRunning), "no operator runs that would complete it")
		Expect(pods(job)).To(HaveLen(len(local.Nodes())))
		Expect(k8s.Get(ctx, client.ObjectKey{Name: "jobs.daemonset.darkowlzz.space"}, &apiextensionsv1.CustomResourceDefinition{})).To(Succeed())
		Eventually(clusterRoles).Should(ConsistOf("daemonset-job-job-editor-role", "daemonset-job-job-viewer-role", "daemonset-job-jobrecord-viewer-role",
			"daemonset-job-cronjob-editor-role", "daemonset-job-cronjob-viewer-role", "daemonset-job-metrics-reader"),
			"as docs/guides/olm.md says")

		subscribe(op, operatorsv1alpha1.ApprovalAutomatic, op)
		Eventually(gone(job)).Should(BeTrue())
		ranOnce(job)
	})
})
