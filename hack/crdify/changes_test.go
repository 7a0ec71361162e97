package crdify

import (
	"path/filepath"
	"slices"
	"testing"

	. "github.com/onsi/gomega"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

type schema = apiextensionsv1.JSONSchemaProps

// changed returns a CRD with the schema at a path below spec changed. Each step of a path
// is the name of a property, or "*" for the items of a list.
func changed(g *WithT, crd *apiextensionsv1.CustomResourceDefinition, change func(*schema), path []string) *apiextensionsv1.CustomResourceDefinition {
	crd = crd.DeepCopy()
	changeBelow(g, crd.Spec.Versions[0].Schema.OpenAPIV3Schema, change, append([]string{"spec"}, path...))
	return crd
}

func changeBelow(g *WithT, parent *schema, change func(*schema), path []string) {
	if len(path) == 0 {
		change(parent)
		return
	}
	if path[0] == "*" {
		changeBelow(g, parent.Items.Schema, change, path[1:])
		return
	}
	g.Expect(parent.Properties).To(HaveKey(path[0]))
	member := parent.Properties[path[0]]
	changeBelow(g, &member, change, path[1:])
	parent.Properties[path[0]] = member
}

var container = []string{"template", "spec", "containers", "*"}

// jobSpecs are the CRDs that have a Job's spec, and its path below theirs.
var jobSpecs = map[string][]string{
	"daemonset.darkowlzz.space_jobs.yaml":     nil,
	"daemonset.darkowlzz.space_cronjobs.yaml": {"jobTemplate", "spec"},
}

// TestRefusedChanges checks that what would break a stored Job, or a user's manifest, is
// noticed wherever it is.
func TestRefusedChanges(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*schema)
		path   []string
		told   string
	}{
		"a field that must be set":      {func(s *schema) { s.Required = append(s.Required, "image") }, nil, "required"},
		"a lower maximum":               {func(s *schema) { s.Maximum = new(float64(60)) }, []string{"ttlSecondsAfterFinished"}, "maximum"},
		"a maximum of number or text":   {func(s *schema) { s.Maximum = new(float64(60)) }, []string{"parallelism"}, "maximum"},
		"a field that is gone":          {func(s *schema) { delete(s.Properties, "suspend") }, nil, "existingFieldRemoval"},
		"another default":               {func(s *schema) { s.Default = &apiextensionsv1.JSON{Raw: []byte(`"Exit"`)} }, []string{"completionMode"}, "default"},
		"a list of values":              {func(s *schema) { s.Enum = []apiextensionsv1.JSON{{Raw: []byte(`"a"`)}} }, []string{"image"}, "enum"},
		"a value that is gone":          {func(s *schema) { s.Enum = s.Enum[:1] }, []string{"completionMode"}, "enum"},
		"another type":                  {func(s *schema) { s.Type = "string" }, []string{"suspend"}, "type"},
		"a pattern":                     {func(s *schema) { s.Pattern = "^a" }, []string{"image"}, "pattern"},
		"a rule on a field that exists": {func(s *schema) { s.XValidations = append(s.XValidations, apiextensionsv1.ValidationRule{Rule: "true"}) }, nil, "unhandled"},
		"a default in the pod template": {func(s *schema) { s.Default = &apiextensionsv1.JSON{Raw: []byte(`"Always"`)} }, append(container, "imagePullPolicy"), "default"},
		"values in the pod template":    {func(s *schema) { s.Enum = []apiextensionsv1.JSON{{Raw: []byte(`"Always"`)}} }, append(container, "imagePullPolicy"), "enum"},
		"a maximum in the pod template": {func(s *schema) { s.MaxLength = new(int64(63)) }, append(container, "name"), "maxLength"},
		"a field of the pod template":   {func(s *schema) { s.Required = append(s.Required, "image") }, container, "required"},
	} {
		for file, path := range jobSpecs {
			t.Run(name+" in "+file, func(t *testing.T) {
				g := NewWithT(t)
				crd := read(g, filepath.Join(baselines, file))
				g.Expect(problems(g, crd, changed(g, crd, test.change, slices.Concat(path, test.path)))).To(ContainSubstring(`"` + test.told + `"`))
			})
		}
	}
}

// TestPermittedChanges checks what is left to a later release.
func TestPermittedChanges(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*schema)
		path   []string
	}{
		"an optional field, with a rule of its own": {func(s *schema) {
			s.Properties["added"] = schema{Type: "string", XValidations: apiextensionsv1.ValidationRules{{Rule: "self != 'x'"}}}
		}, nil},
		"a field of the pod template": {func(s *schema) { s.Properties["added"] = schema{Type: "string"} }, container},
		"one more value":              {func(s *schema) { s.Enum = append(s.Enum, apiextensionsv1.JSON{Raw: []byte(`"More"`)}) }, []string{"completionMode"}},
		"another description":         {func(s *schema) { s.Description = "other" }, []string{"image"}},
	} {
		for file, path := range jobSpecs {
			t.Run(name+" in "+file, func(t *testing.T) {
				g := NewWithT(t)
				crd := read(g, filepath.Join(baselines, file))
				g.Expect(problems(g, crd, changed(g, crd, test.change, slices.Concat(path, test.path)))).To(BeEmpty())
			})
		}
	}
}
