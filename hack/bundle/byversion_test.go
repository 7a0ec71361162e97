package main

import (
	"strings"
	"testing"

	"github.com/blang/semver/v4"
	. "github.com/onsi/gomega"
)

func image(version string) blob {
	return blob{Schema: schemaBundle, Name: "thing.v" + version, Package: "thing", Image: "example.com/b:v" + version}
}

func TestByVersion(t *testing.T) {
	g := NewWithT(t)
	r := &release{packageName: "thing", version: semver.MustParse("1.0.0")}
	catalogue, err := addByVersion(added(nil, "1.0.0", "", "stable"), r, []blob{image("1.10.0"), image("1.9.0")}, []string{"stable", "fast"}, "stable")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(names(catalogue)).To(Equal([]string{
		"olm.package thing", "olm.channel stable", " thing.v1.0.0 < ", " thing.v1.9.0 < thing.v1.0.0", " thing.v1.10.0 < thing.v1.9.0",
		"olm.channel fast", " thing.v1.9.0 < ", " thing.v1.10.0 < thing.v1.9.0",
		"olm.bundle thing.v1.0.0", "olm.bundle thing.v1.10.0", "olm.bundle thing.v1.9.0",
	}))

	other := image("1.1.0")
	other.Package = "other"
	for problem, bundles := range map[string][]blob{
		"no bundle in the input":     nil,
		"is no bundle of thing":      {other},
		"not named as a version":     {{Schema: schemaBundle, Name: "thing-1.0", Package: "thing", Image: "example.com/b"}},
		"olm.bundle.object":          {rendered("example.com/b", "olm.bundle.object")},
		"thing.v1.0.0 has no image":  {rendered("", "olm.csv.metadata")},
		"olm.channel stable is no b": {{Schema: schemaChannel, Name: "stable", Package: "thing"}},
	} {
		_, err := addByVersion(nil, r, bundles, []string{"stable"}, "stable")
		g.Expect(err).To(MatchError(ContainSubstring(problem)))
	}
}

func TestSeparate(t *testing.T) {
	g := NewWithT(t)
	ours, others, err := separate(strings.NewReader(`---
schema: olm.package
name: thing
---
schema: olm.package
name: other
unknown: {kept: true}
---
schema: olm.channel
package: thing
name: other
`), "thing")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(ours)).To(Equal("---\nschema: olm.package\nname: thing\n---\nschema: olm.channel\npackage: thing\nname: other\n"))
	g.Expect(string(others)).To(Equal("---\nschema: olm.package\nname: other\nunknown: {kept: true}\n"))
}
