package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/operator-framework/api/pkg/manifests"
	"github.com/operator-framework/api/pkg/operators/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// committed is the folder of the committed bundle, which users install.
const committed = "../../bundle"

func load(t *testing.T) *manifests.Bundle {
	t.Helper()
	bundle, err := manifests.GetBundleFromDir(committed)
	if err != nil {
		t.Fatal(err)
	}
	return bundle
}

func TestTheBundleHasNoErrorAndNoWarning(t *testing.T) {
	g := NewWithT(t)
	problems, err := validate(committed, "")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(problems).To(BeEmpty())
}

// schemaOf returns the properties of a CRD.
func schemaOf(t *testing.T, bundle *manifests.Bundle, name string) map[string]apiextensionsv1.JSONSchemaProps {
	t.Helper()
	i := slices.IndexFunc(bundle.V1CRDs, func(crd *apiextensionsv1.CustomResourceDefinition) bool { return crd.Name == name })
	NewWithT(t).Expect(i).To(BeNumerically(">=", 0), name)
	return bundle.V1CRDs[i].Spec.Versions[0].Schema.OpenAPIV3Schema.Properties
}

// TestConsolesOfferNoFormForRecords checks that the example of a JobRecord is for readers alone.
func TestConsolesOfferNoFormForRecords(t *testing.T) {
	g := NewWithT(t)
	csv := load(t).CSV
	g.Expect(csv.Annotations).To(HaveKeyWithValue("operators.operatorframework.io/internal-objects", `["jobrecords.daemonset.darkowlzz.space"]`))
	samples, err := os.ReadFile("../../config/samples/kustomization.yaml")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(samples)).NotTo(ContainSubstring("jobrecord"), "kubectl apply -k config/samples creates none")
}

func TestEveryFieldIsDescribed(t *testing.T) {
	g := NewWithT(t)
	bundle := load(t)
	for _, owned := range bundle.CSV.Spec.CustomResourceDefinitions.Owned {
		var spec, status []string
		for _, d := range owned.SpecDescriptors {
			spec = append(spec, d.Path)
			g.Expect(d.XDescriptors).NotTo(BeEmpty(), d.Path)
		}
		for _, d := range owned.StatusDescriptors {
			status = append(status, d.Path)
			g.Expect(d.XDescriptors).NotTo(BeEmpty(), d.Path)
		}
		schema := schemaOf(t, bundle, owned.Name)
		for name := range schema["spec"].Properties {
			g.Expect(spec).To(ContainElement(name))
		}
		for name := range schema["status"].Properties {
			g.Expect(status).To(ContainElement(name))
		}
	}
}

// TestRightsAreNamespaced checks that all rights are limited to the watched namespaces: the operator can be installed in
// every install mode. Nodes, the one admission policy, and the questions who reads the metrics have no namespace.
func TestRightsAreNamespaced(t *testing.T) {
	g := NewWithT(t)
	csv := load(t).CSV
	g.Expect(csv.Spec.InstallStrategy.StrategySpec.ClusterPermissions).To(HaveLen(1))
	g.Expect(csv.Spec.InstallStrategy.StrategySpec.ClusterPermissions[0].Rules).To(ConsistOf([]rbacv1.PolicyRule{
		{APIGroups: []string{"admissionregistration.k8s.io"}, Resources: []string{"validatingadmissionpolicies", "validatingadmissionpolicybindings"},
			ResourceNames: []string{"daemonset-job-guard"}, Verbs: []string{"get", "create", "patch"}},
		{APIGroups: []string{""}, Resources: []string{"nodes"}, Verbs: []string{"list", "watch"}},
		{APIGroups: []string{"authentication.k8s.io"}, Resources: []string{"tokenreviews"}, Verbs: []string{"create"}},
		{APIGroups: []string{"authorization.k8s.io"}, Resources: []string{"subjectaccessreviews"}, Verbs: []string{"create"}},
	}))
	g.Expect(csv.Spec.InstallStrategy.StrategySpec.Permissions).To(HaveLen(1))
	for _, mode := range csv.Spec.InstallModes {
		g.Expect(mode.Supported).To(BeTrue(), string(mode.Type))
	}
	for _, c := range csv.Spec.InstallStrategy.StrategySpec.DeploymentSpecs[0].Spec.Template.Spec.Containers {
		i := slices.IndexFunc(c.Env, func(e corev1.EnvVar) bool { return e.Name == "WATCH_NAMESPACE" })
		g.Expect(i).To(BeNumerically(">=", 0), c.Name)
		g.Expect(c.Env[i].ValueFrom.FieldRef.FieldPath).To(Equal("metadata.annotations['olm.targetNamespaces']"))
	}
}

// TestInstallationIsTheDeployment checks that the manager's name for itself is its own
// Deployment's, whatever prefix kustomize gives it.
func TestInstallationIsTheDeployment(t *testing.T) {
	g := NewWithT(t)
	deployment := load(t).CSV.Spec.InstallStrategy.StrategySpec.DeploymentSpecs[0]
	manager := deployment.Spec.Template.Spec.Containers[0]
	g.Expect(manager.Args).To(ContainElement("--installation=$(POD_NAMESPACE)/$(DEPLOYMENT_NAME)"))
	g.Expect(manager.Env).To(ContainElements(
		corev1.EnvVar{Name: "DEPLOYMENT_NAME", Value: deployment.Name},
		corev1.EnvVar{Name: "POD_NAMESPACE", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.namespace"}}},
	))
}

// TestLeasesAreThoseOfTheOwnNamespace checks that the bundle grants the rights on leases
// itself: OLM would grant them in each watched namespace.
func TestLeasesAreThoseOfTheOwnNamespace(t *testing.T) {
	g := NewWithT(t)
	bundle := load(t)
	for _, rule := range bundle.CSV.Spec.InstallStrategy.StrategySpec.Permissions[0].Rules {
		g.Expect(rule.Resources).NotTo(ContainElement("leases"))
	}
	role, bound := rbacv1.Role{}, rbacv1.RoleBinding{}
	for _, object := range bundle.Objects {
		if !strings.Contains(object.GetName(), "leader-election") {
			continue
		}
		switch object.GetKind() {
		case "Role":
			g.Expect(convert(object, &role)).To(Succeed())
		case "RoleBinding":
			g.Expect(convert(object, &bound)).To(Succeed())
		}
	}
	g.Expect(role.Rules).NotTo(BeEmpty())
	for _, rule := range role.Rules {
		g.Expect(rule.Resources).To(Equal([]string{"leases"}))
	}
	g.Expect(bound.RoleRef.Name).To(Equal(role.Name))
	// RBAC takes the binding's own namespace for a service account without one, and only
	// the user of OLM knows that namespace.
	g.Expect(bound.Subjects).To(Equal([]rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind,
		Name: bundle.CSV.Spec.InstallStrategy.StrategySpec.DeploymentSpecs[0].Spec.Template.Spec.ServiceAccountName}}))
}

// TestPlatformsAreThoseThatAreBuilt compares three lists of platforms: the labels, by
// which a catalogue filters, the affinity, which the scheduler uses, and the Makefile's
// list, which is built.
func TestPlatformsAreThoseThatAreBuilt(t *testing.T) {
	g := NewWithT(t)
	csv := load(t).CSV
	makefile, err := os.ReadFile("../../Makefile")
	g.Expect(err).NotTo(HaveOccurred())
	_, rest, ok := strings.Cut(string(makefile), "\nPLATFORMS ?= ")
	g.Expect(ok).To(BeTrue())
	line, _, _ := strings.Cut(rest, "\n")
	var built []string
	for platform := range strings.SplitSeq(line, ",") {
		system, arch, _ := strings.Cut(platform, "/")
		g.Expect(system).To(Equal("linux"))
		built = append(built, arch)
		g.Expect(csv.Labels).To(HaveKeyWithValue("operatorframework.io/arch."+arch, "supported"))
	}
	g.Expect(csv.Labels).To(HaveLen(len(built) + 1))
	terms := csv.Spec.InstallStrategy.StrategySpec.DeploymentSpecs[0].Spec.Template.Spec.Affinity.
		NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
	g.Expect(terms).To(HaveLen(1))
	g.Expect(terms[0].MatchExpressions[0].Values).To(ConsistOf(built))
}

func TestNoImageFloats(t *testing.T) {
	g := NewWithT(t)
	csv := load(t).CSV
	g.Expect(csv.Spec.RelatedImages).To(HaveExactElements(HaveField("Name", "manager"), HaveField("Name", "pause"), HaveField("Name", "cleanup")))
	g.Expect(csv.Annotations["containerImage"]).To(Equal(csv.Spec.InstallStrategy.StrategySpec.DeploymentSpecs[0].Spec.Template.Spec.Containers[0].Image))
	files, err := os.ReadDir(committed + "/manifests")
	g.Expect(err).NotTo(HaveOccurred())
	for _, file := range files {
		data, err := os.ReadFile(committed + "/manifests/" + file.Name())
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(string(data)).NotTo(ContainSubstring(":latest"), file.Name())
	}
	for _, image := range csv.Spec.RelatedImages {
		g.Expect(image.Image).To(MatchRegexp(`:v?\d+\.\d+|@sha256:`))
	}
}

func TestWhatAPersonJudgesBy(t *testing.T) {
	g := NewWithT(t)
	csv := load(t).CSV
	g.Expect(csv.Annotations).To(HaveKeyWithValue("capabilities", "Deep Insights"))
	for _, key := range []string{"categories", "createdAt", "description", "repository", "support", "operatorframework.io/suggested-namespace"} {
		g.Expect(csv.Annotations[key]).NotTo(BeEmpty(), key)
	}
	g.Expect(csv.Spec.Description).To(And(ContainSubstring("completionMode: Log"), ContainSubstring("completionMode: Exit"), ContainSubstring("kind: Job")))
	g.Expect(csv.Spec.Icon).To(HaveExactElements(HaveField("MediaType", "image/svg+xml")))
	g.Expect(csv.Spec.InstallStrategy.StrategyName).To(Equal(v1alpha1.InstallStrategyNameDeployment))
}

// TestTheOperatorInstallsItsGuard checks that the bundle leaves the admission policy, a kind
// that OLM refuses in bundles, to the operator.
func TestTheOperatorInstallsItsGuard(t *testing.T) {
	g := NewWithT(t)
	manager := load(t).CSV.Spec.InstallStrategy.StrategySpec.DeploymentSpecs[0].Spec.Template.Spec.Containers[0]
	g.Expect(manager.Env).To(ContainElements(corev1.EnvVar{Name: "ADMISSION_GUARD", Value: "install"},
		corev1.EnvVar{Name: "DEPLOYMENT_NAME", Value: load(t).CSV.Spec.InstallStrategy.StrategySpec.DeploymentSpecs[0].Name}))
	files, err := os.ReadDir(committed + "/manifests")
	g.Expect(err).NotTo(HaveOccurred())
	for _, file := range files {
		g.Expect(file.Name()).NotTo(ContainSubstring("admission"))
	}
}
