// Command crd removes the descriptions of Kubernetes' own types from generated CRDs: those
// below a pod template and below an environment variable's source. With them, the CRD is
// too large for the annotation of `kubectl apply`. The project's own descriptions stay.
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
	trimmed, err := trim(data)
	if err != nil {
		return err
	}
	return os.WriteFile(file, append([]byte("---\n"), trimmed...), 0o644)
}

// foreign are the fields of a Job's spec that have types of Kubernetes.
var foreign = []string{"template", "env"}

// trim returns the CRD without the descriptions below the foreign fields.
func trim(crd []byte) ([]byte, error) {
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
		spec := at(v, "schema", "openAPIV3Schema", "properties", "spec", "properties")
		for _, name := range foreign {
			if member, ok := spec[name].(map[string]any); ok {
				for key, value := range member {
					if key != "description" {
						dropDescriptions(value)
					}
				}
			}
		}
	}
	return yaml.Marshal(object)
}

// at returns the object at a path. It is empty if there is none.
func at(object map[string]any, path ...string) map[string]any {
	for _, name := range path {
		object, _ = object[name].(map[string]any)
	}
	return object
}

// dropDescriptions deletes the descriptions of a schema. It keeps a property with the
// name "description", which is an object and no text.
func dropDescriptions(v any) {
	switch v := v.(type) {
	case map[string]any:
		if _, isText := v["description"].(string); isText {
			delete(v, "description")
		}
		for _, member := range v {
			dropDescriptions(member)
		}
	case []any:
		for _, member := range v {
			dropDescriptions(member)
		}
	}
}
