// Command crd adapts generated CRDs.
//
// It removes the descriptions and defaults of Kubernetes' own types: those below a pod
// template and below an environment variable's source. With the descriptions, the CRD is
// too large for the annotation of `kubectl apply`. A default that a later Kubernetes adds
// would change the hash of what stored Jobs run. The project's own ones stay.
//
// It bounds integers, quantities and times to values that Go can decode, since the
// controllers must decode what the API server stores.
//
// Usage: crd FILE…, where each file is changed in place.
package main

import (
	"fmt"
	"os"

	"sigs.k8s.io/yaml"
)

func main() {
	for _, file := range os.Args[1:] {
		if err := rewrite(file); err != nil {
			fmt.Fprintf(os.Stderr, "crd: %s: %v\n", file, err)
			os.Exit(1)
		}
	}
}

func rewrite(file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	adapted, err := adapt(data)
	if err != nil {
		return err
	}
	return os.WriteFile(file, append([]byte("---\n"), adapted...), 0o644)
}

// foreign are the fields of a Job's spec that have types of Kubernetes. A CronJob has them in
// its jobTemplate.
var foreign = []string{"template", "env", "tolerations"}

// adapt returns the CRD with bounds, and without the descriptions and defaults below
// the foreign fields.
func adapt(crd []byte) ([]byte, error) {
	var object map[string]any
	if err := yaml.Unmarshal(crd, &object); err != nil {
		return nil, err
	}
	versions, ok := at(object, "spec")["versions"].([]any)
	if !ok {
		return nil, fmt.Errorf("it has no spec.versions")
	}
	for _, version := range versions {
		v, ok := version.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("a version is not an object")
		}
		schema := at(v, "schema", "openAPIV3Schema")
		bound(schema)
		spec := at(schema, "properties", "spec", "properties")
		for _, job := range []map[string]any{spec, at(spec, "jobTemplate", "properties", "spec", "properties")} {
			for _, name := range foreign {
				if member, ok := job[name].(map[string]any); ok {
					dropDescriptions(member)
					dropDefaults(member, nil)
				}
			}
		}
	}
	return yaml.Marshal(object)
}
