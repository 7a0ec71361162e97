package main

import (
	"testing"

	"github.com/blang/semver/v4"
	. "github.com/onsi/gomega"
)

func rendered(image string, property string) blob {
	return blob{Schema: schemaBundle, Name: "thing.v1.0.0", Package: "thing", Image: image,
		Properties: []map[string]any{{"type": "olm.package"}, {"type": property}}}
}

// TestOnlyMigratedBundlesAreAdded checks that a bundle gets its image before opm migrates
// it: opm leaves one without an image as it is, and says nothing.
func TestOnlyMigratedBundlesAreAdded(t *testing.T) {
	g := NewWithT(t)
	r := &release{packageName: "thing", version: semver.MustParse("1.0.0")}
	add := func(bundles ...blob) error {
		_, err := addRelease(nil, r, bundles, []string{"stable"}, "stable")
		return err
	}
	g.Expect(add(rendered("example.com/b:v1.0.0", "olm.csv.metadata"))).To(Succeed())
	g.Expect(add(rendered("example.com/b:v1.0.0", "olm.bundle.object"))).To(MatchError(ContainSubstring("olm.bundle.object")))
	g.Expect(add(rendered("", "olm.bundle.object"))).To(MatchError(ContainSubstring("no image")))
	g.Expect(add()).To(MatchError(ContainSubstring("not the one bundle thing.v1.0.0")))
}

// TestTheCommittedCatalogueIsMigrated checks what check_olm_bundle_object_in_fbc of
// github.com/redhat-openshift-ecosystem/operator-pipelines demands for OpenShift 4.17 and
// later (operatorcert/static_tests/common/operator_catalogs.py).
func TestTheCommittedCatalogueIsMigrated(t *testing.T) {
	g := NewWithT(t)
	catalogue, err := readCatalog("../../catalog/daemonset-job/catalog.yaml")
	g.Expect(err).NotTo(HaveOccurred())
	bundles := 0
	for i := range catalogue {
		if catalogue[i].Schema != schemaBundle {
			continue
		}
		bundles++
		g.Expect(catalogue[i].canBeServed()).To(Succeed())
		g.Expect(catalogue[i].Properties).To(ContainElement(HaveKeyWithValue("type", "olm.csv.metadata")))
	}
	g.Expect(bundles).To(BeNumerically(">", 0))
}

func TestName(t *testing.T) {
	g := NewWithT(t)
	bundles := []blob{rendered("", "olm.bundle.object")}
	bundles[0].RelatedImages = []relatedImageRef{{"manager", "example.com/m"}}
	g.Expect(setImage(bundles, "example.com/b")).To(Succeed())
	g.Expect(bundles[0].Image).To(Equal("example.com/b"))
	g.Expect(bundles[0].RelatedImages).To(Equal([]relatedImageRef{{"", "example.com/b"}, {"manager", "example.com/m"}}))
	g.Expect(setImage(bundles, "")).To(MatchError(ContainSubstring("-image")))
	g.Expect(setImage(nil, "example.com/b")).To(MatchError(ContainSubstring("not one bundle")))
}
