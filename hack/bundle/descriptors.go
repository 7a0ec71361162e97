package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/operator-framework/api/pkg/operators/v1alpha1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/controller-tools/pkg/loader"
	"sigs.k8s.io/controller-tools/pkg/markers"
)

// markerName is the marker that operator-sdk reads on types and fields.
const markerName = "operator-sdk:csv:customresourcedefinitions"

// typeMarker is the content of a type's marker.
type typeMarker struct {
	DisplayName string
	// Resources holds kind, version and name of each object that the operator creates
	// for it.
	Resources [][]string `marker:",optional"`
	Order     *int       `marker:",optional"`
}

// fieldMarker is the content of a field's marker.
type fieldMarker struct {
	// Type is spec or status.
	Type         string
	DisplayName  string
	XDescriptors []string `marker:",optional"`
	Order        *int     `marker:",optional"`
}

// types holds the Go types of a package by name.
type types map[string]*markers.TypeInfo

// loadTypes reads the package in a folder, including its comments.
func loadTypes(folder string) (types, error) {
	roots, err := loader.LoadRoots(folder)
	if err != nil {
		return nil, err
	}
	registry := &markers.Registry{}
	for _, definition := range []*markers.Definition{
		markers.Must(markers.MakeDefinition(markerName, markers.DescribesType, typeMarker{})),
		markers.Must(markers.MakeDefinition(markerName, markers.DescribesField, fieldMarker{})),
	} {
		if err := registry.Register(definition); err != nil {
			return nil, err
		}
	}
	found, collector := types{}, &markers.Collector{Registry: registry}
	for _, root := range roots {
		if err := markers.EachType(collector, root, func(info *markers.TypeInfo) { found[info.Name] = info }); err != nil {
			return nil, err
		}
		if len(root.Errors) > 0 {
			return nil, root.Errors[0]
		}
	}
	return found, nil
}

// owned returns the ClusterServiceVersion's description of a CRD's version.
func (t types) owned(crd *apiextensionsv1.CustomResourceDefinition, version string) (v1alpha1.CRDDescription, error) {
	kind := crd.Spec.Names.Kind
	info := t[kind]
	if info == nil {
		return v1alpha1.CRDDescription{}, fmt.Errorf("there is no type %s", kind)
	}
	marker, ok := info.Markers.Get(markerName).(typeMarker)
	if !ok {
		return v1alpha1.CRDDescription{}, fmt.Errorf("type %s has no marker +%s:displayName=…", kind, markerName)
	}
	description := v1alpha1.CRDDescription{
		Name: crd.Name, Version: version, Kind: kind, DisplayName: marker.DisplayName, Description: text(info.Doc),
	}
	for _, r := range marker.Resources {
		if len(r) != 3 {
			return description, fmt.Errorf("type %s: a resource is {Kind, version, name}, not %q", kind, r)
		}
		description.Resources = append(description.Resources, v1alpha1.APIResourceReference{Kind: r[0], Version: r[1], Name: r[2]})
	}
	var fields []descriptor
	if err := t.walk(info, descriptor{}, nil, &fields); err != nil {
		return description, fmt.Errorf("type %s: %w", kind, err)
	}
	slices.SortStableFunc(fields, func(a, b descriptor) int {
		return cmp.Or(slices.Compare(a.order, b.order), cmp.Compare(a.path, b.path))
	})
	for _, f := range fields {
		switch path, doc := f.path, text(f.doc); f.marker.Type {
		case "spec":
			description.SpecDescriptors = append(description.SpecDescriptors, v1alpha1.SpecDescriptor{
				Path: path, DisplayName: f.marker.DisplayName, Description: doc, XDescriptors: f.marker.XDescriptors})
		case "status":
			description.StatusDescriptors = append(description.StatusDescriptors, v1alpha1.StatusDescriptor{
				Path: path, DisplayName: f.marker.DisplayName, Description: doc, XDescriptors: f.marker.XDescriptors})
		default:
			return description, fmt.Errorf("field %s: type is spec or status, not %q", f.path, f.marker.Type)
		}
	}
	return description, nil
}

// descriptor is a field that has a marker.
type descriptor struct {
	path string
	// order is the field's own, behind those of the fields that it is in: what belongs to a field
	// follows it, although the Job in a CronJob counts from 1 again.
	order  []int
	doc    string
	marker fieldMarker
}

// walk collects the fields of a type, and of the types of its fields in the same
// package. Paths do not include the first step, spec or status.
func (t types) walk(info *markers.TypeInfo, parent descriptor, above []string, into *[]descriptor) error {
	if slices.Contains(above, info.Name) {
		return fmt.Errorf("%s holds itself", info.Name)
	}
	for _, field := range info.Fields {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		next := descriptor{path: strings.TrimPrefix(parent.path+"."+name, "."), order: parent.order, doc: field.Doc}
		if above == nil {
			next.path = ""
		}
		if marker, ok := field.Markers.Get(markerName).(fieldMarker); ok {
			order := math.MaxInt
			if marker.Order != nil {
				order = *marker.Order
			}
			next.marker, next.order = marker, append(slices.Clone(parent.order), order)
			*into = append(*into, next)
		}
		name, list := typeName(field.RawField.Type)
		if list {
			next.path += "[0]"
		}
		if inner := t[name]; inner != nil && len(inner.Fields) > 0 {
			if err := t.walk(inner, next, append(slices.Clone(above), info.Name), into); err != nil {
				return err
			}
		}
	}
	return nil
}

// text returns a Go comment as one paragraph. By API conventions, it begins with the
// field's name in the manifest, which has a small first letter.
func text(doc string) string { return strings.Join(strings.Fields(doc), " ") }
