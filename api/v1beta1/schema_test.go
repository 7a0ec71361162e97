package v1beta1_test

import (
	"os"
	"slices"

	. "github.com/onsi/gomega"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

type schema = apiextensionsv1.JSONSchemaProps

// item and value are the steps of a path into a list, and into a map of any keys.
const (
	item  = "[]"
	value = "{}"
)

// crdSchema returns the schema of a Job that the CRD has.
func crdSchema() *schema {
	data, err := os.ReadFile(crdFile)
	Expect(err).NotTo(HaveOccurred())
	crd := &apiextensionsv1.CustomResourceDefinition{}
	Expect(yaml.UnmarshalStrict(data, crd)).To(Succeed())
	return crd.Spec.Versions[0].Schema.OpenAPIV3Schema
}

// child returns the schema one step below s.
func child(s *schema, step string) *schema {
	switch step {
	case item:
		return s.Items.Schema
	case value:
		return s.AdditionalProperties.Schema
	}
	member := s.Properties[step]
	return &member
}

// visit calls see with the path and the schema of s and of all below it.
func visit(s *schema, path []string, see func(path []string, s *schema)) {
	see(path, s)
	var steps []string
	for name := range s.Properties {
		steps = append(steps, name)
	}
	slices.Sort(steps)
	if s.Items != nil {
		steps = append(steps, item)
	}
	if s.AdditionalProperties != nil {
		steps = append(steps, value)
	}
	for _, step := range steps {
		visit(child(s, step), append(slices.Clone(path), step), see)
	}
}

// isScalar returns whether values of the schema have no members.
func isScalar(s *schema) bool {
	return s.XIntOrString || s.Type == "string" || s.Type == "integer" || s.Type == "number" || s.Type == "boolean"
}

// ordinary returns a plain value that the schema accepts, with its required members and items.
func ordinary(s *schema) any {
	switch {
	case len(s.Enum) > 0:
		var first any
		Expect(yaml.Unmarshal(s.Enum[0].Raw, &first)).To(Succeed())
		return first
	case s.XIntOrString, s.Type == "integer":
		return int64(1)
	case s.Type == "boolean":
		return true
	case s.Format == "date-time":
		return "2026-01-02T03:04:05Z"
	case s.Type == "string":
		return "a"
	case s.Type == "array" && s.MinItems != nil && *s.MinItems > 0:
		return []any{ordinary(child(s, item))}
	case s.Type == "array":
		return []any{}
	}
	object := map[string]any{}
	for _, name := range s.Required {
		object[name] = ordinary(child(s, name))
	}
	return object
}

// around returns an ordinary value of the schema that has v at the path.
func around(s *schema, path []string, v any) any {
	if len(path) == 0 {
		return v
	}
	below := around(child(s, path[0]), path[1:], v)
	switch path[0] {
	case item:
		return []any{below}
	case value:
		return map[string]any{"key": below}
	}
	object, ok := ordinary(s).(map[string]any)
	Expect(ok).To(BeTrue())
	object[path[0]] = below
	return object
}
