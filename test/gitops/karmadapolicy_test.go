package gitops

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// Karmada takes every kind that is called Job for one of batch/v1, and decodes it as such before it
// sends it to a cluster. It refuses what is of another type there.
func TestKarmadaCanDecodeTheJobs(t *testing.T) {
	decode := func(job *v1beta1.Job) error {
		return runtime.DefaultUnstructuredConverter.FromUnstructured(object(t, job).Object, &batchv1.Job{})
	}
	g := NewWithT(t)
	policy, job := propagation(t)
	g.Expect(decode(job)).To(Succeed())
	g.Expect(policy.Spec.ResourceSelectors[0].Name).To(Equal(job.Name))
	for name, c := range cases(t) {
		g.Expect(decode(c.job)).To(Succeed(), name)
	}
	g.Expect(decode(wrappers.Job("ns", "j").Parallelism("10%").Obj())).NotTo(Succeed(), "the guide says so")
}

// policy is Karmada's PropagationPolicy, as far as the sample uses it.
type policy struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		ResourceSelectors []struct {
			APIVersion string `json:"apiVersion"`
			Kind       string `json:"kind"`
			Name       string `json:"name"`
		} `json:"resourceSelectors"`
		PropagateDeps               bool `json:"propagateDeps"`
		PreserveResourcesOnDeletion bool `json:"preserveResourcesOnDeletion"`
		Placement                   struct {
			ClusterAffinity struct {
				LabelSelector metav1.LabelSelector `json:"labelSelector"`
			} `json:"clusterAffinity"`
		} `json:"placement"`
	} `json:"spec"`
}

func propagation(t *testing.T) (policy, *v1beta1.Job) {
	t.Helper()
	g, p, job := NewWithT(t), policy{}, &v1beta1.Job{}
	first, second, found := strings.Cut(sample(t, "karmada/propagation.yaml"), "\n---\n")
	g.Expect(found).To(BeTrue())
	g.Expect(yaml.UnmarshalStrict([]byte(first), &p)).To(Succeed())
	g.Expect(yaml.UnmarshalStrict([]byte(second), job)).To(Succeed())
	g.Expect(p.APIVersion + "/" + p.Kind).To(Equal("policy.karmada.io/v1alpha1/PropagationPolicy"))
	return p, job
}
