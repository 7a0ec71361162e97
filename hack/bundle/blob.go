package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

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

// canBeServed returns an error for a bundle that opm rendered from a folder. It has no
// image yet, and opm keeps all its manifests in the catalogue until it has one:
// OpenShift 4.17 and later refuse that.
func (b *blob) canBeServed() error {
	if b.Image == "" {
		return fmt.Errorf("the bundle %s has no image", b.Name)
	}
	for _, property := range b.Properties {
		if property["type"] == "olm.bundle.object" {
			return fmt.Errorf("the bundle %s has olm.bundle.object: render it once more, with --migrate-level=bundle-object-to-csv-metadata", b.Name)
		}
	}
	return nil
}

// withImage prints the bundle of standard input with the name that its image will have.
func withImage(args []string) error {
	f := flag.NewFlagSet("image", flag.ContinueOnError)
	image := f.String("image", "", "`image` of the bundle")
	if err := f.Parse(args); err != nil {
		return err
	}
	rendered, err := decode(os.Stdin)
	if err != nil {
		return err
	}
	if err := setImage(rendered, *image); err != nil {
		return err
	}
	document, err := yaml.Marshal(&rendered[0])
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(document)
	return err
}

// setImage gives the one bundle in rendered the name that its image will have.
func setImage(rendered []blob, image string) error {
	if image == "" {
		return errors.New("-image is missing")
	}
	if len(rendered) != 1 || rendered[0].Schema != schemaBundle {
		return errors.New("the input is not one bundle")
	}
	rendered[0].Image = image
	rendered[0].RelatedImages = append([]relatedImageRef{{Image: image}}, rendered[0].RelatedImages...)
	return nil
}

// readCatalog reads a catalogue, which is empty if the file is not there.
func readCatalog(file string) ([]blob, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	all, err := decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return all, nil
}

func writeCatalog(file string, catalogue []blob) error {
	var text bytes.Buffer
	for i := range catalogue {
		document, err := yaml.Marshal(&catalogue[i])
		if err != nil {
			return err
		}
		text.WriteString("---\n")
		text.Write(document)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, text.Bytes(), 0o644)
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
