package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/blang/semver/v4"
	. "github.com/onsi/gomega"
)

func added(before []blob, version, replaces string, channels ...string) []blob {
	r := &release{packageName: "thing", version: semver.MustParse(version)}
	if replaces != "" {
		r.replaces = csvName("thing", replaces)
	}
	return addBundle(before, r, &blob{Schema: schemaBundle, Name: r.csvName(), Package: "thing", Image: "example.com/b:v" + version}, channels, channels[0])
}

// names returns the names of the documents and of the channels' entries, in their
// order.
func names(catalogue []blob) (all []string) {
	for _, b := range catalogue {
		all = append(all, b.Schema+" "+b.Name)
		for _, e := range b.Entries {
			all = append(all, " "+e.Name+" < "+e.Replaces)
		}
	}
	return all
}

func TestCatalog(t *testing.T) {
	g := NewWithT(t)
	first := added(nil, "1.0.0", "", "stable")
	g.Expect(names(first)).To(Equal([]string{"olm.package thing", "olm.channel stable", " thing.v1.0.0 < ", "olm.bundle thing.v1.0.0"}))
	second := added(first, "1.1.0", "1.0.0", "stable", "fast")
	g.Expect(names(second)).To(Equal([]string{
		"olm.package thing", "olm.channel stable", " thing.v1.0.0 < ", " thing.v1.1.0 < thing.v1.0.0",
		"olm.channel fast", " thing.v1.1.0 < thing.v1.0.0", "olm.bundle thing.v1.0.0", "olm.bundle thing.v1.1.0",
	}))
	g.Expect(added(second, "1.1.0", "1.0.0", "stable", "fast")).To(Equal(second), "again it is the same")
	g.Expect(names(added(second, "1.1.0", "1.0.0", "stable"))).NotTo(ContainElement("olm.channel fast"))
}

// TestThePackageShowsWhatTheBundleShows checks that the catalogue has the description
// and icon of the ClusterServiceVersion, which have no other source.
func TestThePackageShowsWhatTheBundleShows(t *testing.T) {
	g := NewWithT(t)
	about, err := describe(committed + "/manifests/daemonset-job.clusterserviceversion.yaml")
	g.Expect(err).NotTo(HaveOccurred())
	spec := load(t).CSV.Spec
	g.Expect(about).To(Equal(blob{Description: spec.Description, Icon: &icon{Data: spec.Icon[0].Data, MediaType: "image/svg+xml"}}))
	data, err := os.ReadFile("../../catalog/daemonset-job/catalog.yaml")
	g.Expect(err).NotTo(HaveOccurred())
	catalogue, err := decode(bytes.NewReader(data))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(catalogue[0]).To(And(HaveField("Schema", schemaPackage), HaveField("Description", about.Description), HaveField("Icon", about.Icon)))
	_, err = describe(committed + "/metadata/annotations.yaml")
	g.Expect(err).To(MatchError(ContainSubstring("lacks a description")))
}

func TestReleaseFlags(t *testing.T) {
	for name, test := range map[string]struct {
		args    []string
		problem string
	}{
		"no version":         {nil, `-version ""`},
		"a version with a v": {[]string{"-version", "v1.0.0"}, `-version "v1.0.0"`},
		"replaces a name":    {[]string{"-version", "1.0.0", "-replaces", "thing.v0.9.0"}, "-replaces"},
		"a range alone":      {[]string{"-version", "1.0.0", "-skip-range", "<1.0.0"}, "-skip-range needs -replaces"},
		"no range":           {[]string{"-version", "1.0.0", "-replaces", "0.9.0", "-skip-range", "all"}, "-skip-range"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			f := newFlags("test")
			g.Expect(f.Parse(test.args)).To(Succeed())
			_, err := f.release()
			g.Expect(err).To(MatchError(ContainSubstring(test.problem)))
		})
	}
}
