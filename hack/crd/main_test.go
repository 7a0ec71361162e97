package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"
)

func TestTrim(t *testing.T) {
	g := NewWithT(t)
	trimmed, err := trim([]byte(`
spec:
  versions:
  - name: v1
    schema:
      openAPIV3Schema:
        description: kept
        properties:
          spec:
            description: kept
            properties:
              image: {description: kept, type: string}
              template:
                description: kept
                properties:
                  description: {type: string, description: dropped}
                  deep: {items: {description: dropped, type: object}, type: array}
`))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(strings.Count(string(trimmed), "description: kept")).To(Equal(4))
	g.Expect(string(trimmed)).NotTo(ContainSubstring("dropped"))
	g.Expect(string(trimmed)).To(ContainSubstring("description:\n                    type: string"), "a property of that name stays")

	_, err = trim([]byte("kind: Other"))
	g.Expect(err).To(MatchError(ContainSubstring("spec.versions")))
}

// TestTheCRDFitsIntoAnAnnotation checks the CRD's size. kubectl apply keeps the applied
// object in an annotation, and an object's annotations may take 256 KiB.
func TestTheCRDFitsIntoAnAnnotation(t *testing.T) {
	g := NewWithT(t)
	data, err := os.ReadFile("../../config/crd/bases/daemonset.darkowlzz.space_jobs.yaml")
	g.Expect(err).NotTo(HaveOccurred())
	var crd any
	g.Expect(yaml.Unmarshal(data, &crd)).To(Succeed())
	compact, err := json.Marshal(crd)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(len(compact)).To(BeNumerically("<", 256*1024))
	g.Expect(len(data)).To(BeNumerically("<", 256*1024))
}
