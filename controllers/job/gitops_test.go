package job_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

func labelsOf(j *v1beta1.Job) func() (map[string]string, error) {
	return func() (map[string]string, error) {
		now := &v1beta1.Job{}
		err := k8s.Get(ctx, client.ObjectKeyFromObject(j), now)
		return now.Labels, err
	}
}

var _ = Describe("a Job that a GitOps tool owns", func() {
	const flux = "kustomize.toolkit.fluxcd.io/name"
	excluded := HaveKeyWithValue(v1beta1.LabelExcludeFromBackup, "true")
	newImage := func(spec *v1beta1.JobSpec) { spec.Template.Spec.Containers[0].Image = "example.com/work:v2" }
	var ns string
	BeforeEach(func() { ns = newNamespace() })

	It("stays when it is complete, out of backups and without its DaemonSet, until what runs changes", func() {
		addNodes(ns, "a")
		j := create(pooled(ns, "j").Label(flux, "apps"))
		Eventually(condition(j, v1beta1.JobReady)).Should(Equal("False Progressing"))
		finish(ns, "j", "a")
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseComplete, "1/1"))
		Expect(condition(j, v1beta1.JobReady)()).To(Equal("True AllNodesDone"))
		Eventually(labelsOf(j)).Should(And(excluded, HaveKeyWithValue(flux, "apps")))
		Eventually(notFound(j)).Should(BeTrue())
		Eventually(podNames(j)).Should(BeEmpty())

		change(j, newImage)
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseRunning, "0/1"))
		Expect(labelsOf(j)()).To(Equal(map[string]string{flux: "apps"}))
		Expect(condition(j, v1beta1.JobReady)()).To(Equal("False Progressing"))
		finish(ns, "j", "a")
		Eventually(labelsOf(j)).Should(excluded)
	})

	It("keeps the user's own label when it starts over", func() {
		j := create(pooled(ns, "j").Deadline(1).Label(v1beta1.LabelExcludeFromBackup, "true"))
		Eventually(condition(j, v1beta1.JobStalled)).Should(Equal("True DeadlineExceeded"))
		change(j, newImage)
		Eventually(condition(j, v1beta1.JobStalled)).Should(BeEmpty())
		Consistently(labelsOf(j)).Should(excluded)
	})
})
