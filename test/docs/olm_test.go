package docs

import (
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// TestTheOLMGuideRemovesWhatStays checks that the guide deletes each object of the bundle that
// has no namespace, so that OLM v0 leaves it.
func TestTheOLMGuideRemovesWhatStays(t *testing.T) {
	g := NewWithT(t)
	deleted := ""
	for line := range strings.Lines(read(t, "docs/guides/olm.md")) {
		if strings.HasPrefix(line, "kubectl delete --ignore-not-found ") {
			deleted += line
		}
	}
	files, err := filepath.Glob("../../bundle/manifests/*.yaml")
	g.Expect(err).NotTo(HaveOccurred())
	found := 0
	for _, file := range files {
		object := metav1.PartialObjectMetadata{}
		g.Expect(yaml.Unmarshal([]byte(read(t, filepath.Join("bundle/manifests", filepath.Base(file)))), &object)).To(Succeed())
		switch object.Kind {
		case "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "PriorityClass":
			found++
			g.Expect(deleted).To(ContainSubstring(object.Name))
		}
	}
	g.Expect(found).To(BeNumerically(">=", 3))
	g.Expect(deleted).To(ContainSubstring("daemonset-job-guard"), "the operator's own")
}

// TestUninstallingIsDescribedForBothOLMs checks that a text which says that Jobs stay also says
// that OLM v1 deletes them.
func TestUninstallingIsDescribedForBothOLMs(t *testing.T) {
	g := NewWithT(t)
	for _, file := range []string{"README.md", "bundle/manifests/daemonset-job.clusterserviceversion.yaml"} {
		text := strings.Join(strings.Fields(read(t, file)), " ")
		g.Expect(text).To(MatchRegexp(`(?i)delet\w+ the (ClusterExtension|CustomResourceDefinition)`), file)
		g.Expect(text).To(ContainSubstring("docs/guides/olm.md"), file)
	}
}
