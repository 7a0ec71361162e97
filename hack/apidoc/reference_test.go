package main

import (
	"testing"

	. "github.com/onsi/gomega"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

const crd = `
spec:
  group: example.org
  names: {kind: Thing, plural: things, shortNames: [th]}
  versions:
  - name: v1
    schema:
      openAPIV3Schema:
        description: Thing is one.
        x-kubernetes-validations:
        - {rule: "true", message: be <short>}
        properties:
          spec:
            description: spec is what.
            required: [size]
            properties:
              size: {type: integer, description: "size is\nhow | big."}
              mode: {type: string, enum: [A, B], default: A, description: mode is how.}
              other: {type: string, description: "other is not. Default: none at all.", x-kubernetes-validations: [{rule: "true", message: other must be}]}
              parts:
                type: array
                description: parts of it.
                items:
                  type: object
                  properties:
                    name: {type: string, description: name is its own.}
              foreign:
                type: object
                description: foreign is Kubernetes' own.
                properties:
                  secret: {type: string}
`

func TestReference(t *testing.T) {
	g := NewWithT(t)
	object := &apiextensionsv1.CustomResourceDefinition{}
	g.Expect(yaml.UnmarshalStrict([]byte(crd), object)).To(Succeed())
	text, err := reference(object)
	g.Expect(err).NotTo(HaveOccurred())
	for _, line := range []string{
		"# Thing\n", "## example.org/v1\n", "Short name: `th`.\n",
		"- be &lt;short>\n", "- spec.other: other must be\n",
		"| `size` | integer |  | size is how \\| big. Required. |\n",
		"| `mode` | `A`, `B` | `A` | mode is how. |\n",
		"| `other` | string | none at all | other is not. |\n",
		"| `parts` | list of objects |  | parts of it. |\n",
		"### spec.parts[]\n", "| `name` | string |  | name is its own. |\n",
		"| `foreign` | object |  | foreign is Kubernetes' own. |\n",
	} {
		g.Expect(text).To(ContainSubstring(line))
	}
	g.Expect(text).NotTo(ContainSubstring("secret"))
}

func TestReferenceNeedsASchema(t *testing.T) {
	_, err := reference(&apiextensionsv1.CustomResourceDefinition{
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{Name: "v1"}}},
	})
	NewWithT(t).Expect(err).To(MatchError("version v1 has no schema"))
}
