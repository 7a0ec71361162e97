package main

import (
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// documented returns whether any field has a description. Kubernetes' own types have
// none, because hack/crd removes them.
func documented(schema apiextensionsv1.JSONSchemaProps) bool {
	for _, field := range schema.Properties {
		if field.Description != "" {
			return true
		}
	}
	return false
}

// typeOf returns the type of a field in words.
func typeOf(schema apiextensionsv1.JSONSchemaProps) string {
	switch {
	case schema.XIntOrString:
		return "integer or string"
	case len(schema.Enum) > 0:
		var values []string
		for _, value := range schema.Enum {
			values = append(values, "`"+strings.Trim(string(value.Raw), `"`)+"`")
		}
		return strings.Join(values, ", ")
	case schema.Type == "array" && schema.Items != nil && schema.Items.Schema != nil:
		return "list of " + typeOf(*schema.Items.Schema) + "s"
	case schema.Format == "date-time":
		return "time"
	}
	return schema.Type
}

const defaultMark = " Default: "

// splitDefault splits the sentence about the default off a description.
func splitDefault(description string) (meaning, fallback string) {
	meaning, fallback, _ = strings.Cut(description, defaultMark)
	return meaning, strings.TrimSuffix(fallback, ".")
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// escape keeps a text within one cell of a table, and makes angle brackets visible.
func escape(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "\n", " ").Replace(text)
}
