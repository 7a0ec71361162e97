package main

import (
	"os"
	"testing"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"

	"github.com/darkowlzz/daemonset-job/hack/bundle/openshift"
)

// TestOpenShiftFollowsFromKubernetes checks that the versions of OpenShift come from the
// CSV's minKubeVersion, in the metadata and in the image alike.
func TestOpenShiftFollowsFromKubernetes(t *testing.T) {
	g := NewWithT(t)
	all, err := labels("thing", "stable", "stable", "1.31.0", false)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(annotations(all))).To(ContainSubstring("\n  com.redhat.openshift.versions: v4.18\n"))
	g.Expect(string(dockerfileOf(all, "bundle", false))).To(ContainSubstring("\nLABEL com.redhat.openshift.versions=v4.18\n"))
	all, err = labels("thing", "stable", "stable", "", false)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(annotations(all))).NotTo(ContainSubstring("openshift"))
	_, err = labels("thing", "stable", "stable", "1.2.0", false)
	g.Expect(err).To(MatchError(ContainSubstring("1.2.0")))

	first, err := openshift.First(load(t).CSV.Spec.MinKubeVersion)
	g.Expect(err).NotTo(HaveOccurred())
	data, err := os.ReadFile(committed + "/metadata/annotations.yaml")
	g.Expect(err).NotTo(HaveOccurred())
	metadata := struct{ Annotations map[string]string }{}
	g.Expect(yaml.Unmarshal(data, &metadata)).To(Succeed())
	g.Expect(metadata.Annotations).To(HaveKeyWithValue(openshift.Annotation, openshift.Name(first)))
}
