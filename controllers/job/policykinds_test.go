package job_test

import (
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

var _ = Describe("the kinds of our group", func() {
	It("have the policy, if they have a pod template", func() {
		Expect(unguarded(policyOf())).To(BeEmpty())
		By("finding one that is not covered")
		later := laterKind()
		Expect(k8s.Create(ctx, later)).To(Succeed())
		DeferCleanup(func() { Expect(k8s.Delete(ctx, later)).To(Succeed()) })
		Eventually(func() ([]string, error) { return unguarded(policyOf()), nil }).Should(ConsistOf("laters"))
	})
})

func policyOf() *admissionv1.ValidatingAdmissionPolicy {
	policy, _ := policies()
	return policy
}

// unguarded returns the resources of our group that the API server serves, whose schema has
// containers or an image, and that the policy does not cover.
func unguarded(policy *admissionv1.ValidatingAdmissionPolicy) []string {
	GinkgoHelper()
	served, err := discovery.NewDiscoveryClientForConfigOrDie(env.Config).ServerPreferredResources()
	Expect(err).NotTo(HaveOccurred())
	var found []string
	for _, list := range served {
		if !strings.HasPrefix(list.GroupVersion, v1beta1.GroupVersion.Group+"/") {
			continue
		}
		for i := range list.APIResources {
			resource := list.APIResources[i].Name
			crd := &apiextensionsv1.CustomResourceDefinition{}
			Expect(k8s.Get(ctx, client.ObjectKey{Name: resource + "." + v1beta1.GroupVersion.Group}, crd)).To(Succeed())
			runs := slices.ContainsFunc(crd.Spec.Versions, func(v apiextensionsv1.CustomResourceDefinitionVersion) bool {
				spec := v.Schema.OpenAPIV3Schema.Properties["spec"]
				return runsSomething(&spec)
			})
			covered := slices.ContainsFunc(policy.Spec.MatchConstraints.ResourceRules, func(rule admissionv1.NamedRuleWithOperations) bool {
				return slices.Contains(rule.Resources, resource)
			})
			if runs && !covered {
				found = append(found, resource)
			}
		}
	}
	return found
}

// runsSomething returns whether a schema has a field that names containers or an image.
func runsSomething(schema *apiextensionsv1.JSONSchemaProps) bool {
	for name, property := range schema.Properties {
		if name == "containers" || name == "image" || name == "template" || runsSomething(&property) {
			return true
		}
	}
	return schema.Items != nil && schema.Items.Schema != nil && runsSomething(schema.Items.Schema)
}

// laterKind is a kind of our group with a pod template that the policy does not name.
func laterKind() *apiextensionsv1.CustomResourceDefinition {
	object := func(properties map[string]apiextensionsv1.JSONSchemaProps) apiextensionsv1.JSONSchemaProps {
		return apiextensionsv1.JSONSchemaProps{Type: "object", Properties: properties}
	}
	root := object(map[string]apiextensionsv1.JSONSchemaProps{"spec": object(map[string]apiextensionsv1.JSONSchemaProps{
		"jobTemplate": object(map[string]apiextensionsv1.JSONSchemaProps{"image": {Type: "string"}}),
	})})
	return &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: "laters." + v1beta1.GroupVersion.Group},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: v1beta1.GroupVersion.Group, Scope: apiextensionsv1.NamespaceScoped,
			Names: apiextensionsv1.CustomResourceDefinitionNames{Plural: "laters", Singular: "later", Kind: "Later", ListKind: "LaterList"},
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{
				Name: "v1", Served: true, Storage: true, Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &root},
			}},
		},
	}
}
