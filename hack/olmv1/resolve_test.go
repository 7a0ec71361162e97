package main

import (
	"os"
	"testing"
	"testing/fstest"

	. "github.com/onsi/gomega"
)

// TestTheExampleResolves checks that OLM v1 finds the bundle in the committed catalogue, and
// takes the name of its image.
func TestTheExampleResolves(t *testing.T) {
	g := NewWithT(t)
	bundle, err := resolveBundle(t.Context(), theExtension(t), os.DirFS(catalogFolder), "")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(bundle.Name).To(Equal("daemonset-job.v0.1.0"))
}

// catalogueOf returns a catalogue with one bundle, with further properties of it.
func catalogueOf(image, properties string) fstest.MapFS {
	return fstest.MapFS{"catalog.yaml": {Data: []byte(`
schema: olm.package
name: daemonset-job
defaultChannel: stable
---
schema: olm.channel
package: daemonset-job
name: stable
entries: [{name: daemonset-job.v0.1.0}]
---
schema: olm.bundle
package: daemonset-job
name: daemonset-job.v0.1.0
image: ` + image + `
properties:
- {type: olm.package, value: {packageName: daemonset-job, version: 0.1.0}}
` + properties)}}
}

func TestWhatOLMRefusesOfACatalogue(t *testing.T) {
	const image = "example.com/a/bundle:v0.1.0"
	for name, test := range map[string]struct{ image, properties, installed, problem string }{
		"nothing":            {image: image},
		"a short image name": {image: "a/bundle:v0.1.0", problem: "must be canonical"},
		"a dependency": {image: image, problem: "dependency",
			properties: "- {type: olm.package.required, value: {packageName: other, versionRange: '>=1.0.0'}}\n"},
		"an upgrade without an edge": {image: image, installed: "0.0.9", problem: "error upgrading"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			_, err := resolveBundle(t.Context(), theExtension(t), catalogueOf(test.image, test.properties), test.installed)
			if test.problem == "" {
				g.Expect(err).NotTo(HaveOccurred())
				return
			}
			g.Expect(err).To(MatchError(ContainSubstring(test.problem)))
		})
	}
}
