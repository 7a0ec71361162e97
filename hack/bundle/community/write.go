package community

import (
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

// Operator returns the operator's folder in a clone of the repository, where root holds
// the clones.
func Operator(root string, repository *Repository, packageName string) string {
	return filepath.Join(root, repository.Name, "operators", packageName)
}

// Write writes what is submitted to the repository. Other versions of the operator that
// are there stay.
func (r *Release) Write(root string, repository *Repository) error {
	folder := Operator(root, repository, r.Package)
	version := filepath.Join(folder, r.Version)
	for _, path := range []string{version, filepath.Join(folder, templates)} {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	if err := r.copyBundle(version); err != nil {
		return err
	}
	config, err := r.config(repository)
	if err != nil {
		return err
	}
	if err := write(filepath.Join(folder, "ci.yaml"), config); err != nil {
		return err
	}
	if !repository.FBC {
		return nil
	}
	basic, err := r.basic(repository)
	if err != nil {
		return err
	}
	if err := write(filepath.Join(folder, templates, Basic), basic); err != nil {
		return err
	}
	semver, err := r.semver(repository)
	if err != nil {
		return err
	}
	if err := write(filepath.Join(folder, templates, Semver), semver); err != nil {
		return err
	}
	release, err := r.releaseConfig()
	if err != nil {
		return err
	}
	return write(filepath.Join(version, "release-config.yaml"), release)
}

// templates is the folder of the catalogue templates.
const templates = "catalog-templates"

// copyBundle copies the bundle without its NetworkPolicies. The pipeline of OpenShift
// refuses them, and so does OLM before it knows that kind, which OperatorHub's users have.
func (r *Release) copyBundle(folder string) error {
	if err := os.CopyFS(folder, os.DirFS(r.Bundle)); err != nil {
		return fmt.Errorf("%s: %w", r.Bundle, err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "manifests", "*.yaml"))
	if err != nil {
		return err
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var object struct {
			APIVersion string `json:"apiVersion"`
			Kind       string `json:"kind"`
		}
		if err := yaml.Unmarshal(data, &object); err != nil {
			return err
		}
		kind := schema.FromAPIVersionAndKind(object.APIVersion, object.Kind).GroupKind()
		if kind == (schema.GroupKind{Group: "networking.k8s.io", Kind: "NetworkPolicy"}) {
			if err := os.Remove(file); err != nil {
				return err
			}
		}
	}
	return nil
}

func write(file string, content any) error {
	data, err := yaml.Marshal(content)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, append([]byte("---\n"), data...), 0o644)
}
