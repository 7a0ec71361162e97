package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/operator-framework/api/pkg/operators/v1alpha1"
	"sigs.k8s.io/yaml"
)

// catalog adds bundles, as `opm render` prints them from their images, to the catalogue
// in a file. It keeps the earlier versions, so that users can upgrade from them.
func catalog(args []string) error {
	f := newFlags("catalog")
	file := f.String("file", "", "`file` of the catalogue, made if it is not there")
	csv := f.String("csv", "", "`file` of the bundle's ClusterServiceVersion, which has the package's description and icon")
	byVersion := f.Bool("by-version", false, "add any bundles of the package: each upgrades the version before it, whatever the earlier entries say")
	if err := f.Parse(args); err != nil {
		return err
	}
	r, err := f.release()
	if err != nil {
		return err
	}
	if r.about, err = describe(*csv); err != nil {
		return fmt.Errorf("-csv: %w", err)
	}
	rendered, err := decode(os.Stdin)
	if err != nil {
		return err
	}
	catalogue, err := readCatalog(*file)
	if err != nil {
		return err
	}
	channels := strings.Split(f.channels, ",")
	if *byVersion {
		if f.replaces != "" || f.skipRange != "" {
			return errors.New("-replaces and -skip-range are for a release that has no image yet: images get their upgrades by version")
		}
		catalogue, err = addByVersion(catalogue, r, rendered, channels, f.defaultChannel)
	} else {
		catalogue, err = addRelease(catalogue, r, rendered, channels, f.defaultChannel)
	}
	if err != nil {
		return err
	}
	return writeCatalog(*file, catalogue)
}

// addRelease adds the one bundle of a release.
func addRelease(before []blob, r *release, rendered []blob, channels []string, defaultChannel string) ([]blob, error) {
	if len(rendered) != 1 || rendered[0].Name != r.csvName() {
		return nil, fmt.Errorf("the input is not the one bundle %s", r.csvName())
	}
	if err := rendered[0].canBeServed(); err != nil {
		return nil, err
	}
	return addBundle(before, r, &rendered[0], channels, defaultChannel), nil
}

// describe returns what a package says about itself: the description and icon of a
// ClusterServiceVersion.
func describe(file string) (blob, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return blob{}, err
	}
	csv := v1alpha1.ClusterServiceVersion{}
	if err := yaml.Unmarshal(data, &csv); err != nil {
		return blob{}, err
	}
	if csv.Spec.Description == "" || len(csv.Spec.Icon) != 1 {
		return blob{}, fmt.Errorf("%s lacks a description or its one icon", file)
	}
	return blob{Description: csv.Spec.Description, Icon: &icon{Data: csv.Spec.Icon[0].Data, MediaType: csv.Spec.Icon[0].MediaType}}, nil
}

// addBundle adds a bundle to a catalogue, and replaces a bundle of the same name. It
// removes the release from channels that it no longer belongs to.
func addBundle(before []blob, r *release, bundle *blob, channels []string, defaultChannel string) []blob {
	about := r.about
	about.Schema, about.Name, about.DefaultChannel = schemaPackage, r.packageName, defaultChannel
	after := []blob{about}
	added := map[string]bool{}
	for _, channel := range channels {
		added[channel] = false
	}
	own := entry{Name: bundle.Name, Replaces: r.replaces, SkipRange: r.skipRange}
	for _, b := range before {
		if b.Schema != schemaChannel {
			continue
		}
		var entries []entry
		for _, e := range b.Entries {
			if e.Name != own.Name {
				entries = append(entries, e)
			}
		}
		if _, in := added[b.Name]; in {
			entries = append(entries, own)
			added[b.Name] = true
		}
		if b.Entries = entries; len(entries) > 0 {
			after = append(after, b)
		}
	}
	for _, channel := range channels {
		if !added[channel] {
			after = append(after, blob{Schema: schemaChannel, Name: channel, Package: r.packageName, Entries: []entry{own}})
		}
	}
	for _, b := range before {
		if b.Schema == schemaBundle && b.Name != bundle.Name {
			after = append(after, b)
		}
	}
	return append(after, *bundle)
}
