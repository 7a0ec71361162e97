package gitops

import (
	"fmt"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/jsonpath"
	workv1 "open-cluster-management.io/api/work/v1"
	"sigs.k8s.io/yaml"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// The feedback of the ManifestWork is read from a Job as Open Cluster Management's agent does:
// each path has one value, which is an integer, a text or a boolean, or none.
func TestTheFeedbackOfTheManifestWork(t *testing.T) {
	g, work, job := NewWithT(t), &workv1.ManifestWork{}, &v1beta1.Job{}
	g.Expect(yaml.UnmarshalStrict([]byte(sample(t, "open-cluster-management/manifestwork.yaml")), work)).To(Succeed())
	g.Expect(work.APIVersion + "/" + work.Kind).To(Equal("work.open-cluster-management.io/v1/ManifestWork"))
	g.Expect(yaml.UnmarshalStrict(work.Spec.Workload.Manifests[0].Raw, job)).To(Succeed())
	config := work.Spec.ManifestConfigs[0]
	g.Expect(config.ResourceIdentifier).To(Equal(workv1.ResourceIdentifier{
		Group: v1beta1.GroupVersion.Group, Resource: "jobs", Name: job.Name, Namespace: job.Namespace,
	}))

	paths := config.FeedbackRules[0].JsonPaths
	for name, c := range cases(t) {
		t.Run(name, func(t *testing.T) {
			g, values := NewWithT(t), map[string]any{}
			for _, path := range paths {
				parsed := jsonpath.New(path.Name).AllowMissingKeys(true)
				g.Expect(parsed.Parse("{" + path.Path + "}")).To(Succeed())
				results, err := parsed.FindResults(object(t, c.job).Object)
				g.Expect(err).NotTo(HaveOccurred())
				if len(results) == 0 || len(results[0]) == 0 {
					continue
				}
				g.Expect(results[0]).To(HaveLen(1), path.Path)
				values[path.Name] = results[0][0].Interface()
				g.Expect(fmt.Sprintf("%T", values[path.Name])).To(BeElementOf("int64", "string", "bool"), path.Path)
			}
			if c.job.Status.TemplateHash == "" {
				return
			}
			g.Expect(values).To(And(HaveKeyWithValue("phase", string(c.job.Status.Phase)), HaveKeyWithValue("completed", c.job.Status.Completed),
				HaveKeyWithValue("desired", int64(c.job.Status.Desired)), HaveKeyWithValue("failed", int64(c.job.Status.Failed)), HaveKey("message")))
			ready := values["ready"] == "True"
			g.Expect(ready).To(Equal(c.read == current))
			g.Expect(values["blocked"] != nil).To(Equal(c.job.Status.Blocked != ""))
		})
	}
}

// placement is KubeFleet's ClusterResourcePlacement, as far as the sample uses it.
type placement struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		ResourceSelectors []struct {
			Group   string `json:"group"`
			Version string `json:"version"`
			Kind    string `json:"kind"`
			Name    string `json:"name"`
		} `json:"resourceSelectors"`
		Policy struct {
			PlacementType string `json:"placementType"`
			Affinity      struct {
				ClusterAffinity struct {
					Required struct {
						Terms []struct {
							LabelSelector metav1.LabelSelector `json:"labelSelector"`
						} `json:"clusterSelectorTerms"`
					} `json:"requiredDuringSchedulingIgnoredDuringExecution"`
				} `json:"clusterAffinity"`
			} `json:"affinity"`
		} `json:"policy"`
		Strategy struct {
			Type          string `json:"type"`
			RollingUpdate struct {
				MaxUnavailable           int `json:"maxUnavailable"`
				UnavailablePeriodSeconds int `json:"unavailablePeriodSeconds"`
			} `json:"rollingUpdate"`
			ApplyStrategy struct {
				Type string `json:"type"`
			} `json:"applyStrategy"`
			ReportBackStrategy struct {
				Type        string `json:"type"`
				Destination string `json:"destination"`
			} `json:"reportBackStrategy"`
			DeleteStrategy struct {
				PropagationPolicy string `json:"propagationPolicy"`
			} `json:"deleteStrategy"`
		} `json:"strategy"`
	} `json:"spec"`
}

func TestTheClusterResourcePlacement(t *testing.T) {
	g, p, job := NewWithT(t), placement{}, &v1beta1.Job{}
	first, second, found := strings.Cut(sample(t, "kubefleet/placement.yaml"), "\n---\n")
	g.Expect(found).To(BeTrue())
	g.Expect(yaml.UnmarshalStrict([]byte(first), &p)).To(Succeed())
	g.Expect(yaml.UnmarshalStrict([]byte(second), job)).To(Succeed())
	g.Expect(p.APIVersion + "/" + p.Kind).To(Equal("placement.kubernetes-fleet.io/v1beta1/ClusterResourcePlacement"))
	g.Expect(p.Spec.ResourceSelectors[0].Name).To(Equal(job.Namespace))
}
