package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/operator-framework/api/pkg/operators/v1alpha1"
	"sigs.k8s.io/yaml"
)

// blob is one document of a file-based catalogue.
type blob struct {
	Schema         string            `json:"schema"`
	Name           string            `json:"name"`
	Package        string            `json:"package,omitempty"`
	DefaultChannel string            `json:"defaultChannel,omitempty"`
	Icon           *icon             `json:"icon,omitempty"`
	Description    string            `json:"description,omitempty"`
	Entries        []entry           `json:"entries,omitempty"`
	Image          string            `json:"image,omitempty"`
	Properties     []map[string]any  `json:"properties,omitempty"`
	RelatedImages  []relatedImageRef `json:"relatedImages,omitempty"`
}

type icon struct {
	Data      string `json:"base64data"`
	MediaType string `json:"mediatype"`
}

// entry is a version in a channel, with the versions that it upgrades.
type entry struct {
	Name      string `json:"name"`
	Replaces  string `json:"replaces,omitempty"`
	SkipRange string `json:"skipRange,omitempty"`
}

type relatedImageRef struct {
	Name  string `json:"name"`
	Image string `json:"image"`
}

const (
	schemaPackage = "olm.package"
	schemaChannel = "olm.channel"
	schemaBundle  = "olm.bundle"
)

// catalog adds a bundle, as `opm render` prints it, to the catalogue in a file. It
// keeps the earlier versions, so that users can upgrade from them.
func catalog(args []string) error {
	f := newFlags("catalog")
	file := f.String("file", "", "`file` of the catalogue, made if it is not there")
	image := f.String("image", "", "`image` of the bundle")
	csv := f.String("csv", "", "`file` of the bundle's ClusterServiceVersion, which has the package's description and icon")
	if err := f.Parse(args); err != nil {
		return err
	}
	r, err := f.release()
	if err != nil {
		return err
	}
	about, err := describe(*csv)
	if err != nil {
		return fmt.Errorf("-csv: %w", err)
	}
	if *image == "" {
		return errors.New("-image is missing")
	}
	rendered, err := decode(os.Stdin)
	if err != nil {
		return err
	}
	if len(rendered) != 1 || rendered[0].Name != r.csvName() {
		return fmt.Errorf("the input is not the one bundle %s", r.csvName())
	}
	bundle := rendered[0]
	bundle.Image = *image
	bundle.RelatedImages = append([]relatedImageRef{{Image: *image}}, bundle.RelatedImages...)

	var before []blob
	data, err := os.ReadFile(*file)
	switch {
	case err == nil:
		if before, err = decode(bytes.NewReader(data)); err != nil {
			return fmt.Errorf("%s: %w", *file, err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	after := addBundle(before, r, about, &bundle, strings.Split(f.channels, ","), f.defaultChannel)
	var text bytes.Buffer
	for i := range after {
		document, err := yaml.Marshal(&after[i])
		if err != nil {
			return err
		}
		text.WriteString("---\n")
		text.Write(document)
	}
	if err := os.MkdirAll(filepath.Dir(*file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(*file, text.Bytes(), 0o644)
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
func addBundle(before []blob, r *release, about blob, bundle *blob, channels []string, defaultChannel string) []blob {
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

// decode decodes a catalogue, and refuses unknown fields: they would be lost when the
// catalogue is written.
func decode(stream io.Reader) ([]blob, error) {
	var all []blob
	for document, err := range documents(stream) {
		if err != nil {
			return nil, err
		}
		b := blob{}
		if err := yaml.UnmarshalStrict(document, &b); err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return all, nil
}
