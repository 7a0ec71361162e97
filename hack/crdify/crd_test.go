// Package crdify compares the CRD with the baseline, as OLM v1 does before an upgrade.
package crdify

import (
	"os"
	"testing"

	. "github.com/onsi/gomega"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/crdify/pkg/config"
	"sigs.k8s.io/crdify/pkg/runner"
	"sigs.k8s.io/yaml"
)

const (
	// baseline is the CRD of the last release.
	baseline = "baseline.yaml"
	// present is the CRD that the next release has.
	present = "../../config/crd/bases/daemonset.darkowlzz.space_jobs.yaml"
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

// TestTheCRDUpgradesTheLastRelease fails if OLM v1 would refuse the upgrade. A change that
// it refuses breaks stored Jobs or manifests of users: find another one.
func TestTheCRDUpgradesTheLastRelease(t *testing.T) {
	g := NewWithT(t)
	g.Expect(problems(g, read(g, baseline), read(g, present))).To(BeEmpty())
}
