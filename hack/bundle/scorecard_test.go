package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/operator-framework/api/pkg/apis/scorecard/v1alpha3"
	"github.com/operator-framework/api/pkg/operators/v1alpha1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// TestScorecardsStandardCriteria checks the rules of scorecard's standard tests on each
// example. They are those of operator-sdk v1.42.3, in internal/scorecard/tests. The
// end-to-end tests run the code itself. TestTheBundleHasNoErrorAndNoWarning has the rules
// of olm-bundle-validation.
func TestScorecardsStandardCriteria(t *testing.T) {
	g := NewWithT(t)
	bundle := load(t)
	var examples []unstructured.Unstructured
	g.Expect(json.Unmarshal([]byte(bundle.CSV.Annotations["alm-examples"]), &examples)).To(Succeed(), "basic-check-spec")
	g.Expect(examples).NotTo(BeEmpty())
	owned := map[string]v1alpha1.CRDDescription{}
	for _, crd := range bundle.CSV.Spec.CustomResourceDefinitions.Owned {
		g.Expect(crd.Resources).NotTo(BeEmpty(), "olm-crds-have-resources: %s", crd.Name)
		owned[crd.Version+" "+crd.Kind] = crd
	}
	for _, example := range examples {
		kind := example.GroupVersionKind()
		g.Expect(owned).To(HaveKey(kind.Version+" "+kind.Kind), "olm-spec-descriptors, olm-status-descriptors")
		crd := owned[kind.Version+" "+kind.Kind]
		described := map[string]bool{}
		for _, d := range crd.SpecDescriptors {
			described[d.Path] = true
		}
		schema := schemaOf(t, bundle, crd.Name)
		spec, ok := example.Object["spec"].(map[string]any)
		g.Expect(ok).To(BeTrue(), "basic-check-spec: %s", example.GetName())
		for key := range spec {
			g.Expect(schema["spec"].Properties).To(HaveKey(key), "olm-crds-have-validation: %s", example.GetName())
			g.Expect(described).To(HaveKey(key), "olm-spec-descriptors: %s", example.GetName())
		}
		if _, ok := schema["status"]; ok {
			g.Expect(crd.StatusDescriptors).NotTo(BeEmpty(), "olm-status-descriptors")
		}
		g.Expect(example.Object).NotTo(HaveKey("status"), "an example is applied by users, who set no status")
	}
}

// scorecard returns the configuration that `operator-sdk scorecard` reads.
func scorecard(g *WithT) *v1alpha3.Configuration {
	data, err := os.ReadFile(committed + "/tests/scorecard/config.yaml")
	g.Expect(err).NotTo(HaveOccurred())
	config := &v1alpha3.Configuration{}
	g.Expect(yaml.UnmarshalStrict(data, config)).To(Succeed())
	return config
}

// TestScorecardNamesNoAccount checks that scorecard runs for users who have only the
// bundle. An account in its configuration takes precedence over `--service-account`, and
// where it does not exist the API server refuses the pod of every test.
func TestScorecardNamesNoAccount(t *testing.T) {
	g := NewWithT(t)
	g.Expect(scorecard(g).ServiceAccount).To(BeEmpty())
}

// TestScorecardRunsTheStandardTests checks that all standard tests are configured, with
// the image of the version whose code the end-to-end tests run.
func TestScorecardRunsTheStandardTests(t *testing.T) {
	g := NewWithT(t)
	module, err := os.ReadFile("../operator-sdk/go.mod")
	g.Expect(err).NotTo(HaveOccurred())
	_, rest, ok := strings.Cut(string(module), "github.com/operator-framework/operator-sdk v")
	g.Expect(ok).To(BeTrue())
	version, _, _ := strings.Cut(rest, " ")
	var standard []string
	for _, stage := range scorecard(g).Stages {
		for _, test := range stage.Tests {
			if test.Entrypoint[0] == "scorecard-test" {
				standard = append(standard, test.Entrypoint[1])
				g.Expect(test.Image).To(Equal("quay.io/operator-framework/scorecard-test:v" + version))
			}
		}
	}
	g.Expect(standard).To(ConsistOf("basic-check-spec", "olm-bundle-validation", "olm-crds-have-validation",
		"olm-crds-have-resources", "olm-spec-descriptors", "olm-status-descriptors"))
}
