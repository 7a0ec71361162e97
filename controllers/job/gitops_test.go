package job_test

import (
	"maps"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
	excluded := HaveKeyWithValue(v1beta1.LabelExcludeFromBackup, "true")
	newImage := func(spec *v1beta1.JobSpec) { spec.Template.Spec.Containers[0].Image = "example.com/work:v2" }
	var ns string
	BeforeEach(func() { ns = newNamespace() })

	ownedBy := func(apiVersion, kind string) func(*v1beta1.Job) {
		return func(j *v1beta1.Job) {
			j.OwnerReferences = []metav1.OwnerReference{{APIVersion: apiVersion, Kind: kind, Name: "work", UID: "work-uid"}}
		}
	}

	DescribeTable("stays when it is complete, out of backups and without its DaemonSet, until what runs changes", func(apply func(*v1beta1.Job)) {
		addNodes(ns, "a")
		job := pooled(ns, "j")
		apply(&job.Job)
		applied, complete := maps.Clone(job.Labels), map[string]string{v1beta1.LabelExcludeFromBackup: "true"}
		maps.Copy(complete, applied)
		j := create(job)
		Eventually(condition(j, v1beta1.JobReady)).Should(Equal("False Progressing"))
		finish(ns, "j", "a")
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseComplete, "1/1"))
		Expect(condition(j, v1beta1.JobReady)()).To(Equal("True AllNodesDone"))
		Eventually(labelsOf(j)).Should(Equal(complete))
		Eventually(notFound(j)).Should(BeTrue())
		Eventually(podNames(j)).Should(BeEmpty())

		change(j, newImage)
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseRunning, "0/1"))
		Expect(labelsOf(j)()).To(Equal(applied))
		Expect(condition(j, v1beta1.JobReady)()).To(Equal("False Progressing"))
		finish(ns, "j", "a")
		Eventually(labelsOf(j)).Should(excluded)
	},
		Entry("of Flux", func(j *v1beta1.Job) { j.Labels = map[string]string{"kustomize.toolkit.fluxcd.io/name": "apps"} }),
		Entry("of Karmada", func(j *v1beta1.Job) { j.Labels = map[string]string{"karmada.io/managed": "true"} }),
		Entry("of Open Cluster Management", ownedBy("work.open-cluster-management.io/v1", "AppliedManifestWork")),
		Entry("of KubeFleet", ownedBy("placement.kubernetes-fleet.io/v1", "AppliedWork")),
	)

	It("keeps the user's own label when it starts over", func() {
		j := create(pooled(ns, "j").Deadline(1).Label(v1beta1.LabelExcludeFromBackup, "true"))
		Eventually(condition(j, v1beta1.JobStalled)).Should(Equal("True DeadlineExceeded"))
		change(j, newImage)
		Eventually(condition(j, v1beta1.JobStalled)).Should(BeEmpty())
		Consistently(labelsOf(j)).Should(excluded)
	})
})
