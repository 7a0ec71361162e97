package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	. "github.com/onsi/gomega"
)

var released = release{"daemonset-job", "v0.1.0", time.Unix(1700000000, 0).UTC()}

// list writes the list of programs, and reads it by the types of the format.
func list(t *testing.T, file string, programs ...string) *cdx.BOM {
	t.Helper()
	g, bom := NewWithT(t), &cdx.BOM{}
	g.Expect(write(released, file, programs)).To(Succeed())
	text, err := os.Open(file)
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { g.Expect(text.Close()).To(Succeed()) }()
	decoder := json.NewDecoder(text)
	decoder.DisallowUnknownFields()
	g.Expect(decoder.Decode(bom)).To(Succeed())
	return bom
}

// This test is a program too.
func TestEveryModuleOfAProgramIsNamed(t *testing.T) {
	g, folder := NewWithT(t), t.TempDir()
	self, err := os.Executable()
	g.Expect(err).NotTo(HaveOccurred())
	bom := list(t, filepath.Join(folder, "new", "one.cdx.json"), self)
	g.Expect(bom.SpecVersion).To(Equal(cdx.SpecVersion1_6))
	g.Expect(bom.Metadata.Timestamp).To(Equal("2023-11-14T22:13:20Z"))
	g.Expect(bom.Metadata.Component.Version).To(Equal("v0.1.0"))
	file := (*bom.Metadata.Component.Components)[0]
	g.Expect((*file.Hashes)[0].Value).To(HaveLen(64))

	info, ok := debug.ReadBuildInfo()
	g.Expect(ok).To(BeTrue())
	names := []any{"std", info.Main.Path}
	for _, module := range info.Deps {
		names = append(names, module.Path)
		g.Expect(*bom.Components).To(ContainElement(And(HaveField("Name", module.Path), HaveField("Version", module.Version),
			HaveField("PackageURL", "pkg:golang/"+strings.ToLower(module.Path)+"@"+module.Version))))
	}
	g.Expect(names).To(ContainElement("github.com/CycloneDX/cyclonedx-go"))
	found, refs := []string{}, []string{}
	for _, component := range *bom.Components {
		found, refs = append(found, component.Name), append(refs, component.BOMRef)
	}
	g.Expect(found).To(ConsistOf(names...))
	g.Expect(*bom.Dependencies).To(ConsistOf(HaveField("Ref", file.BOMRef)))
	g.Expect(*(*bom.Dependencies)[0].Dependencies).To(ConsistOf(refs))

	list(t, filepath.Join(folder, "two.cdx.json"), self)
	first, err := os.ReadFile(filepath.Join(folder, "new", "one.cdx.json"))
	g.Expect(err).NotTo(HaveOccurred())
	second, err := os.ReadFile(filepath.Join(folder, "two.cdx.json"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(first).To(Equal(second), "the same program gives the same list")
}

// A module is listed once, whatever the programs that have it, and each program names its own.
func TestTheListOfSeveralPrograms(t *testing.T) {
	g := NewWithT(t)
	shared, own := debug.Module{Path: "example.com/A", Version: "v1.0.0+incompatible", Sum: "h1:a"}, debug.Module{Path: "example.com/b", Version: "v2.0.0"}
	bom := released.bom([]program{
		{name: "manager", platform: "linux/amd64", goVersion: "1.26.8", main: debug.Module{Path: "ours"}, deps: []debug.Module{shared}},
		{name: "manager", platform: "linux/arm64", goVersion: "1.26.8", main: debug.Module{Path: "ours", Version: "(devel)"}, deps: []debug.Module{shared, own}},
	})
	const a, b, ours, std = "pkg:golang/example.com/a@v1.0.0%2Bincompatible", "pkg:golang/example.com/b@v2.0.0", "pkg:golang/ours@v0.1.0", "pkg:golang/std@1.26.8"
	g.Expect(*bom.Components).To(HaveExactElements(HaveField("BOMRef", a), HaveField("BOMRef", b), HaveField("BOMRef", ours), HaveField("BOMRef", std)))
	g.Expect(*(*bom.Components)[0].Properties).To(Equal([]cdx.Property{{Name: "go.sum", Value: "h1:a"}}))
	g.Expect(*bom.Dependencies).To(HaveExactElements(
		cdx.Dependency{Ref: "file:linux/amd64/manager", Dependencies: &[]string{a, ours, std}},
		cdx.Dependency{Ref: "file:linux/arm64/manager", Dependencies: &[]string{a, b, ours, std}},
	))
}

func TestWhatReplacesAModuleIsListed(t *testing.T) {
	g := NewWithT(t)
	g.Expect(built(&debug.Module{Path: "a", Version: "v1.0.0"})).To(Equal(debug.Module{Path: "a", Version: "v1.0.0"}))
	g.Expect(built(&debug.Module{Path: "a", Version: "v1.0.0", Replace: &debug.Module{Path: "fork", Version: "v1.0.1"}})).To(Equal(debug.Module{Path: "fork", Version: "v1.0.1"}))
	g.Expect(built(&debug.Module{Path: "a", Version: "v0.0.0", Replace: &debug.Module{Path: "../.."}})).To(Equal(debug.Module{Path: "a"}))
}

func TestAFileThatIsNoProgramIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "text")
	NewWithT(t).Expect(os.WriteFile(file, []byte("text"), 0o600)).To(Succeed())
	NewWithT(t).Expect(write(released, file+".json", []string{file})).To(MatchError(ContainSubstring(file)))
}
