package main

import (
	"testing"

	. "github.com/onsi/gomega"
	"github.com/operator-framework/api/pkg/operators/v1alpha1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

func crd(kind string) *apiextensionsv1.CustomResourceDefinition {
	c := &apiextensionsv1.CustomResourceDefinition{}
	c.Name, c.Spec.Names.Kind = "things.example.com", kind
	return c
}

func TestDescriptors(t *testing.T) {
	g := NewWithT(t)
	found, err := loadTypes("./testdata/api")
	g.Expect(err).NotTo(HaveOccurred())
	owned, err := found.owned(crd("Thing"), "v1")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(owned).To(Equal(v1alpha1.CRDDescription{
		Name: "things.example.com", Version: "v1", Kind: "Thing", DisplayName: "A Thing", Description: "Thing is what is described.",
		Resources: []v1alpha1.APIResourceReference{{Kind: "Pod", Version: "v1"}, {Kind: "DaemonSet", Version: "v1", Name: "x"}},
		SpecDescriptors: []v1alpha1.SpecDescriptor{
			{Path: "first", DisplayName: "First", Description: "first comes first.", XDescriptors: []string{"a:b", "c"}},
			{Path: "third", DisplayName: "Third", Description: "third comes third, with what belongs to it."},
			{Path: "third.name", DisplayName: "Name", Description: "name of it."},
			{Path: "second", DisplayName: "Second", Description: "second has no order and comes last."},
		},
		StatusDescriptors: []v1alpha1.StatusDescriptor{
			{Path: "parts", DisplayName: "Parts", Description: "parts of it."},
			{Path: "parts[0].name", DisplayName: "Name", Description: "name of the part."},
		},
	}))
}

func TestDescriptorsThatAreWrong(t *testing.T) {
	g := NewWithT(t)
	found, err := loadTypes("./testdata/api")
	g.Expect(err).NotTo(HaveOccurred())
	for kind, problem := range map[string]string{
		"Wrong": `not "elsewhere"`, "Part": "has no marker", "Nothing": "there is no type Nothing",
	} {
		_, err := found.owned(crd(kind), "v1")
		g.Expect(err).To(MatchError(ContainSubstring(problem)), kind)
	}
}
