package main

import (
	"cmp"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// release is what the list is about.
type release struct {
	name, version string
	time          time.Time
}

// bom returns the list: one component for each module of any of the programs, and for each
// program the modules that it has. It has no number of its own, so that the same programs give the same list.
func (r release) bom(programs []program) *cdx.BOM {
	modules := map[string]cdx.Component{}
	files := []cdx.Component{}
	var contents []cdx.Dependency
	for _, p := range programs {
		file := cdx.Component{
			BOMRef: "file:" + p.platform + "/" + p.name, Type: cdx.ComponentTypeFile, Name: p.name, Version: r.version,
			Hashes:     &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: p.digest}},
			Properties: &[]cdx.Property{{Name: "platform", Value: p.platform}},
		}
		files = append(files, file)
		refs := []string{}
		for _, module := range append(slices.Clone(p.deps), p.main, debug.Module{Path: "std", Version: "v" + p.goVersion}) {
			component := r.component(module)
			modules[component.BOMRef] = component
			refs = append(refs, component.BOMRef)
		}
		slices.Sort(refs)
		contents = append(contents, cdx.Dependency{Ref: file.BOMRef, Dependencies: new(slices.Compact(refs))})
	}

	components := make([]cdx.Component, 0, len(modules))
	for _, component := range modules {
		components = append(components, component)
	}
	slices.SortFunc(components, func(a, b cdx.Component) int { return cmp.Compare(a.BOMRef, b.BOMRef) })
	bom := cdx.NewBOM()
	bom.Metadata = &cdx.Metadata{
		Timestamp: r.time.Format(time.RFC3339),
		Component: &cdx.Component{BOMRef: r.name, Type: cdx.ComponentTypeApplication, Name: r.name, Version: r.version, Components: &files},
	}
	bom.Components, bom.Dependencies = &components, &contents
	return bom
}

// component returns the component of a module. One without a version in go.mod is of this project.
func (r release) component(module debug.Module) cdx.Component {
	version := module.Version
	if version == "" || version == "(devel)" {
		version = r.version
	}
	url := "pkg:golang/" + strings.ToLower(module.Path) + "@" + strings.ReplaceAll(version, "+", "%2B")
	if module.Path == "std" {
		// The toolchain has no v before its version.
		version = strings.TrimPrefix(version, "v")
		url = "pkg:golang/std@" + version
	}
	component := cdx.Component{BOMRef: url, Type: cdx.ComponentTypeLibrary, Name: module.Path, Version: version, PackageURL: url}
	if module.Sum != "" {
		component.Properties = &[]cdx.Property{{Name: "go.sum", Value: module.Sum}}
	}
	return component
}
