package pipelines

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// Operator is the folder of an operator in a repository of community operators.
type Operator struct {
	folder, name string
	// config is ci.yaml.
	config   map[string]any
	versions map[string]*Version
	// others holds the folders that are no versions.
	others []string
}

// Version is the folder of a version of an operator.
type Version struct {
	folder, name string
	csv          map[string]any
	csvText      string
	annotations  map[string]string
	// manifests holds all objects by the names of their files.
	manifests map[string]map[string]any
	// release is release-config.yaml, or nil without one.
	release map[string]any
}

func load(folder string) (*Operator, error) {
	o := &Operator{folder: folder, name: filepath.Base(folder), versions: map[string]*Version{}}
	if err := read(filepath.Join(folder, "ci.yaml"), &o.config); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		path := filepath.Join(folder, entry.Name())
		if _, err := os.Stat(filepath.Join(path, "metadata")); errors.Is(err, fs.ErrNotExist) {
			o.others = append(o.others, entry.Name())
			continue
		}
		if o.versions[entry.Name()], err = loadVersion(path); err != nil {
			return nil, err
		}
	}
	return o, nil
}

func loadVersion(folder string) (*Version, error) {
	v := &Version{folder: folder, name: filepath.Base(folder), manifests: map[string]map[string]any{}}
	metadata := struct{ Annotations map[string]string }{}
	if err := read(filepath.Join(folder, "metadata", "annotations.yaml"), &metadata); err != nil {
		return nil, err
	}
	v.annotations = metadata.Annotations
	files, err := filepath.Glob(filepath.Join(folder, "manifests", "*.y*ml"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		object := map[string]any{}
		if err := read(file, &object); err != nil {
			return nil, err
		}
		v.manifests[filepath.Base(file)] = object
		if strings.Contains(filepath.Base(file), ".clusterserviceversion.") {
			text, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			v.csv, v.csvText = object, string(text)
		}
	}
	if v.csv == nil {
		return nil, fmt.Errorf("%s has no ClusterServiceVersion", folder)
	}
	err = read(filepath.Join(folder, "release-config.yaml"), &v.release)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return v, err
}

func read(file string, into any) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := yaml.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// fbc returns whether the operator has file-based catalogues.
func (o *Operator) fbc() bool {
	enabled, _, _ := unstructured.NestedBool(o.config, "fbc", "enabled")
	return enabled
}

// mapping returns ci.yaml's templates, by which catalogues are made.
func (o *Operator) mapping() (all []map[string]any) {
	list, _, _ := unstructured.NestedSlice(o.config, "fbc", "catalog_mapping")
	return maps(list)
}

// maps returns the maps of a list.
func maps(list []any) (all []map[string]any) {
	for _, item := range list {
		if m, ok := item.(map[string]any); ok {
			all = append(all, m)
		}
	}
	return all
}

// field returns a string of the ClusterServiceVersion, empty if it is not there.
func (v *Version) field(path ...string) string {
	value, _, _ := unstructured.NestedString(v.csv, path...)
	return value
}

const bundlePrefix = "operators.operatorframework.io.bundle."

func (v *Version) packageName() string { return v.annotations[bundlePrefix+"package.v1"] }

// csvName returns the two parts of the ClusterServiceVersion's name.
func (v *Version) csvName() (name, version string) {
	name, version, _ = strings.Cut(v.field("metadata", "name"), ".")
	return name, strings.TrimLeft(version, "v")
}
