package main

import (
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	"k8s.io/apimachinery/pkg/util/version"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/environment"
)

// TestRulesOnEachKubernetes compiles the CRDs' rules for the oldest and the newest
// supported Kubernetes. The estimate of a rule's cost may differ between versions, so
// that each rule stays below half of what the API server allows.
func TestRulesOnEachKubernetes(t *testing.T) {
	for crd, least := range map[string]int{"jobs.daemonset.darkowlzz.space": 15, "jobrecords.daemonset.darkowlzz.space": 3, "cronjobs.daemonset.darkowlzz.space": 15} {
		for _, kubernetes := range kubernetesVersions {
			t.Run(crd+" "+kubernetes, func(t *testing.T) {
				rules, total := costOfRules(t, crd, kubernetes)
				g := NewWithT(t)
				g.Expect(rules).To(BeNumerically(">", least))
				g.Expect(total).To(BeNumerically("<", validation.StaticEstimatedCRDCostLimit/2))
			})
		}
	}
}

// costOfRules returns how many rules a CRD has, and what they cost together.
func costOfRules(t *testing.T, crd, kubernetes string) (rules int, total uint64) {
	t.Helper()
	g := NewWithT(t)
	env := environment.MustBaseEnvSet(version.MustParseGeneric(kubernetes))
	root := crdSchema(t, g, crd)
	visitRules(g, root, func(s *schema.Structural) {
		results, err := cel.Compile(s, model.SchemaDeclType(s, s == root), celconfig.PerCallLimit, env, cel.NewExpressionsEnvLoader())
		g.Expect(err).NotTo(HaveOccurred())
		for i, result := range results {
			rule := s.XValidations[i].Rule
			g.Expect(result.Error).NotTo(HaveOccurred(), rule)
			g.Expect(result.MaxCost).To(BeNumerically("<", validation.StaticEstimatedCostLimit/2), rule)
			rules, total = rules+1, total+result.MaxCost
		}
	})
	return rules, total
}

// crdSchema returns the schema of a committed CRD.
func crdSchema(t *testing.T, g *WithT, name string) *schema.Structural {
	t.Helper()
	internal := &apiextensions.JSONSchemaProps{}
	root := apiextensionsv1.JSONSchemaProps{Type: "object", Properties: schemaOf(t, load(t), name)}
	g.Expect(apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(&root, internal, nil)).To(Succeed())
	structural, err := schema.NewStructural(internal)
	g.Expect(err).NotTo(HaveOccurred())
	return structural
}

// visitRules calls see with each schema that has rules. None is below a list or a map,
// whose length would multiply the cost.
func visitRules(g *WithT, s *schema.Structural, see func(s *schema.Structural)) {
	if len(s.XValidations) > 0 {
		see(s)
	}
	for name := range s.Properties {
		member := s.Properties[name]
		visitRules(g, &member, see)
	}
	refuse := func(s *schema.Structural) { g.Expect(s.XValidations).To(BeEmpty()) }
	if s.Items != nil {
		visitRules(g, s.Items, refuse)
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Structural != nil {
		visitRules(g, s.AdditionalProperties.Structural, refuse)
	}
}
