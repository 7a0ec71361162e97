// Package crdify compares the CRDs with their baselines, as OLM v1 does before an upgrade.
package crdify

import (
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/crdify/pkg/config"
	"sigs.k8s.io/crdify/pkg/runner"
	"sigs.k8s.io/yaml"
)

const (
	// baselines has the CRDs of the last release.
	baselines = "baseline"
	// present has those of the next one.
	present = "../../config/crd/bases"
)

func read(g *WithT, file string) *apiextensionsv1.CustomResourceDefinition {
	data, err := os.ReadFile(file)
	g.Expect(err).NotTo(HaveOccurred())
	crd := &apiextensionsv1.CustomResourceDefinition{}
	g.Expect(yaml.UnmarshalStrict(data, crd)).To(Succeed())
	return crd
}

// problems returns what crdify reports of an upgrade from one CRD to another. It is empty
// if OLM v1 permits the upgrade.
func problems(g *WithT, from, to *apiextensionsv1.CustomResourceDefinition) string {
	settings, err := config.Load("olm.yaml")
	g.Expect(err).NotTo(HaveOccurred())
	crdify, err := runner.New(settings, runner.DefaultRegistry())
	g.Expect(err).NotTo(HaveOccurred())
	results := crdify.Run(from, to)
	if !results.HasFailures() {
		return ""
	}
	report, err := results.RenderJSON()
	g.Expect(err).NotTo(HaveOccurred())
	return report
}

// TestTheCRDsUpgradeTheLastRelease fails if OLM v1 would refuse the upgrade. A change that
// it refuses breaks stored objects or manifests of users: find another one. A new CRD gets its
// baseline by make crdify-baseline.
func TestTheCRDsUpgradeTheLastRelease(t *testing.T) {
	g := NewWithT(t)
	crds, err := filepath.Glob(present + "/*.yaml")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(len(crds)).To(BeNumerically(">=", 2))
	for _, crd := range crds {
		g.Expect(problems(g, read(g, filepath.Join(baselines, filepath.Base(crd))), read(g, crd))).To(BeEmpty(), crd)
	}
}
