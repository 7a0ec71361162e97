// Command apidoc writes the API reference from CRDs, which `kubectl explain` shows
// too.
//
// Usage: apidoc FILE CRD…, where FILE is written as Markdown. The specs of the kinds that come
// first are not repeated where a later kind has one of them.
package main

import (
	"fmt"
	"os"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: apidoc FILE CRD…")
		os.Exit(2)
	}
	if err := write(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "apidoc:", err)
		os.Exit(1)
	}
}

func write(to string, from []string) error {
	crds := make([]*apiextensionsv1.CustomResourceDefinition, 0, len(from))
	for _, file := range from {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(data, crd); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		crds = append(crds, crd)
	}
	text, err := reference(crds...)
	if err != nil {
		return err
	}
	return os.WriteFile(to, []byte(text), 0o644)
}
