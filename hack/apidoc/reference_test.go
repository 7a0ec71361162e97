package main

import (
	"encoding/json"
	"fmt"
	"strings"
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

// timer has a Thing's spec in its own.
const timer = `
spec:
  group: example.org
  names: {kind: Timer, plural: timers}
  versions:
  - name: v1
    schema:
      openAPIV3Schema:
        description: Timer makes things.
        properties:
          spec:
            description: spec is when.
            x-kubernetes-validations:
            - {rule: "true", message: be on time}
            properties:
              thing: {description: thing is what., properties: {spec: %s}}
`

func decoded(g *WithT, text string) *apiextensionsv1.CustomResourceDefinition {
	object := &apiextensionsv1.CustomResourceDefinition{}
	g.Expect(yaml.UnmarshalStrict([]byte(text), object)).To(Succeed())
	return object
}

func TestReference(t *testing.T) {
	g := NewWithT(t)
	text, err := reference(decoded(g, crd))
	g.Expect(err).NotTo(HaveOccurred())
	for _, line := range []string{
		"## Thing\n", "`apiVersion: example.org/v1`, short name `th`. `kubectl explain things.example.org` shows the same.\n",
		"- be &lt;short>\n", "- spec.other: other must be\n",
		"| `size` | integer |  | size is how \\| big. Required. |\n",
		"| `mode` | `A`, `B` | `A` | mode is how. |\n",
		"| `other` | string | none at all | other is not. |\n",
		"| `parts` | list of objects |  | parts of it. |\n",
		"### Thing.spec.parts[]\n", "| `name` | string |  | name is its own. |\n",
		"| `foreign` | object |  | foreign is Kubernetes' own. |\n",
	} {
		g.Expect(text).To(ContainSubstring(line))
	}
	g.Expect(text).NotTo(ContainSubstring("secret"))
}

// TestASpecIsWrittenOnce checks that the spec of an earlier kind is not repeated, and that one
// which differs from it is written.
func TestASpecIsWrittenOnce(t *testing.T) {
	g := NewWithT(t)
	thing := decoded(g, crd)
	spec := thing.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
	withSpec := func(change func(*apiextensionsv1.JSONSchemaProps)) string {
		changed := spec.DeepCopy()
		change(changed)
		data, err := json.Marshal(changed)
		g.Expect(err).NotTo(HaveOccurred())
		text, err := reference(thing, decoded(g, fmt.Sprintf(timer, data)))
		g.Expect(err).NotTo(HaveOccurred())
		_, after, found := strings.Cut(text, "## Timer\n")
		g.Expect(found).To(BeTrue())
		return after
	}
	same := withSpec(func(s *apiextensionsv1.JSONSchemaProps) { s.Description = "spec is a Thing's. Default: none." })
	for _, line := range []string{
		"| `spec` |  | none | spec is a Thing's. Its fields are those of [Thing.spec](#thingspec). |\n",
		"- spec: be on time\n- spec.thing.spec: the rules of [Thing.spec](#thingspec)\n",
		"### Timer.spec.thing\n",
	} {
		g.Expect(same).To(ContainSubstring(line))
	}
	g.Expect(same).NotTo(ContainSubstring("### Timer.spec.thing.spec"))

	another := withSpec(func(s *apiextensionsv1.JSONSchemaProps) { s.Required = nil })
	g.Expect(another).To(And(ContainSubstring("### Timer.spec.thing.spec\n"), ContainSubstring("- spec.thing.spec.other: other must be\n"),
		Not(ContainSubstring("#thingspec"))))
}

func TestReferenceNeedsASchema(t *testing.T) {
	_, err := reference(&apiextensionsv1.CustomResourceDefinition{
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Names:    apiextensionsv1.CustomResourceDefinitionNames{Kind: "Thing"},
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{Name: "v1"}},
		},
	})
	NewWithT(t).Expect(err).To(MatchError("Thing: version v1 has no schema"))
}
