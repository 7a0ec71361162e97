package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/util/version"
)

// What the bundle promises is what the tests run: `make test-integration-min` the oldest
// Kubernetes, and all other tests the newest.
func TestTheBundlePromisesWhatIsTested(t *testing.T) {
	g := NewWithT(t)
	oldest, newest := built(g, "kubernetes-min"), built(g, "kubernetes")
	g.Expect(kubernetesVersions).To(Equal([]string{oldest, newest}))
	promised, err := version.ParseGeneric(load(t).CSV.Spec.MinKubeVersion)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(promised.String()).To(Equal(oldest + ".0"))
}

var requiredKubernetes = regexp.MustCompile(`(?m)^\s*k8s\.io/kubernetes v(\d+\.\d+)\.`)

// built returns the minor version of the Kubernetes that a folder of hack builds.
func built(g *WithT, folder string) string {
	module, err := os.ReadFile(filepath.Join("..", folder, "go.mod"))
	g.Expect(err).NotTo(HaveOccurred())
	found := requiredKubernetes.FindSubmatch(module)
	g.Expect(found).NotTo(BeNil(), folder)
	return string(found[1])
}
