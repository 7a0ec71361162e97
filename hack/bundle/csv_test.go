package main

import (
	"os"
	"strings"
	"testing"

	"github.com/blang/semver/v4"
	. "github.com/onsi/gomega"
	"github.com/operator-framework/api/pkg/operators/v1alpha1"
	"sigs.k8s.io/yaml"
)

// input is kustomize's output, reduced to what the tests need.
const input = `
apiVersion: operators.coreos.com/v1alpha1
kind: ClusterServiceVersion
metadata: {name: thing.v0.0.0, namespace: gone, annotations: {createdAt: "2026-01-02T03:04:05Z"}}
spec: {displayName: Thing, description: "# Thing", icon: [{base64data: PHN2Zy8+, mediatype: image/svg+xml}], install: {strategy: deployment, spec: {deployments: null}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: operator, namespace: gone, labels: {a: b}}
spec:
  selector: {}
  template:
    spec:
      serviceAccountName: mine
      containers:
      - {name: one, image: "example.com/one:v1", env: [{name: RELATED_IMAGE_A_B, value: "example.com/two:v2"}]}
      - {name: two, image: "example.com/one:v1"}
---
apiVersion: v1
kind: Namespace
metadata: {name: gone}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: mine}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: other}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: everywhere}
rules: [{apiGroups: [""], resources: [nodes], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: here}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: unbound}
rules: []
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: everywhere}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: everywhere}
subjects: [{kind: ServiceAccount, name: mine, namespace: gone}, {kind: ServiceAccount, name: other, namespace: gone}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: here, namespace: gone}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: here}
subjects: [{kind: ServiceAccount, name: mine, namespace: gone}]
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec: {group: example.com, names: {kind: Thing, plural: things}, scope: Namespaced, versions: [{name: v1, served: true, storage: true}]}
---
apiVersion: example.com/v1
kind: Thing
metadata: {name: example, namespace: gone}
spec: {first: x, image: "team/work:v3"}
---
apiVersion: scorecard.operatorframework.io/v1alpha3
kind: Configuration
metadata: {name: config}
stages: [{tests: [{image: "example.com/test:v4"}]}]
`

func made(t *testing.T, r *release) (*objects, *v1alpha1.ClusterServiceVersion) {
	t.Helper()
	return madeOf(t, r, input)
}

func madeOf(t *testing.T, r *release, input string) (*objects, *v1alpha1.ClusterServiceVersion) {
	t.Helper()
	g := NewWithT(t)
	found, err := loadTypes("./testdata/api")
	g.Expect(err).NotTo(HaveOccurred())
	all, err := collect(strings.NewReader(input))
	g.Expect(err).NotTo(HaveOccurred())
	csv, err := all.csv(r, found)
	g.Expect(err).NotTo(HaveOccurred())
	return all, csv
}

func TestCSV(t *testing.T) {
	g := NewWithT(t)
	_, csv := made(t, &release{packageName: "thing", version: semver.MustParse("1.2.3"), replaces: "thing.v1.2.2", skipRange: "<1.2.3"})
	g.Expect(csv.Name).To(Equal("thing.v1.2.3"))
	g.Expect(csv.Namespace).To(BeEmpty())
	g.Expect(csv.Spec.Version.String()).To(Equal("1.2.3"))
	g.Expect(csv.Spec.Replaces).To(Equal("thing.v1.2.2"))
	g.Expect(csv.Spec.Description).To(Equal("# Thing"))
	g.Expect(csv.Spec.Icon).To(Equal([]v1alpha1.Icon{{Data: "PHN2Zy8+", MediaType: "image/svg+xml"}}))
	g.Expect(csv.Annotations).To(And(
		HaveKeyWithValue("olm.skipRange", "<1.2.3"), HaveKeyWithValue("containerImage", "example.com/one:v1"), HaveKeyWithValue("createdAt", "2026-01-02T03:04:05Z"),
	))
	g.Expect(csv.Annotations["alm-examples"]).To(MatchJSON(`[{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":"example"},"spec":{"first":"x","image":"team/work:v3"}}]`))
	g.Expect(csv.Spec.RelatedImages).To(Equal([]v1alpha1.RelatedImage{{Name: "one", Image: "example.com/one:v1"}, {Name: "a-b", Image: "example.com/two:v2"},
		{Name: "work", Image: "docker.io/team/work:v3"}}))
	install := csv.Spec.InstallStrategy.StrategySpec
	g.Expect(install.DeploymentSpecs).To(HaveExactElements(HaveField("Name", "operator")))
	g.Expect(install.Permissions).To(HaveExactElements(And(HaveField("ServiceAccountName", "mine"),
		HaveField("Rules", HaveExactElements(HaveField("Resources", []string{"pods"}))))))
	g.Expect(install.ClusterPermissions).To(HaveExactElements(And(HaveField("ServiceAccountName", "mine"),
		HaveField("Rules", HaveExactElements(HaveField("Resources", []string{"nodes"}))))))
}

func TestFiles(t *testing.T) {
	g := NewWithT(t)
	all, csv := made(t, &release{packageName: "thing", version: semver.MustParse("1.2.3")})
	files, err := all.files(csv, "thing")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(files).To(And(HaveLen(5),
		HaveKey("manifests/thing.clusterserviceversion.yaml"), HaveKey("manifests/example.com_things.yaml"), HaveKey("tests/scorecard/config.yaml"),
		HaveKey("manifests/other_v1_serviceaccount.yaml"), HaveKey("manifests/unbound_rbac.authorization.k8s.io_v1_clusterrole.yaml"),
	))
	for name, data := range files {
		g.Expect(string(data)).NotTo(ContainSubstring("namespace: gone"), name)
	}
	again, err := all.files(csv, "thing")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(again).To(Equal(files))
}

func TestInputThatIsWrong(t *testing.T) {
	g := NewWithT(t)
	first, rest, _ := strings.Cut(input, "\n---\n")
	_, err := collect(strings.NewReader(rest))
	g.Expect(err).To(MatchError(ContainSubstring("there is no ClusterServiceVersion")))
	_, err = collect(strings.NewReader(first))
	g.Expect(err).To(MatchError(ContainSubstring("there is no Deployment")))
	_, err = collect(strings.NewReader(strings.Replace(input, "serviceAccountName", "serviceAcountName", 1)))
	g.Expect(err).To(MatchError(ContainSubstring("serviceAcountName")))
	all, err := collect(strings.NewReader(strings.Replace(input, "kind: ClusterRole, name: here", "kind: ClusterRole, name: nowhere", 1)))
	g.Expect(err).NotTo(HaveOccurred())
	_, _, err = all.permissions()
	g.Expect(err).To(MatchError(ContainSubstring("ClusterRole nowhere is bound, and not in the input")))
}

// TestTheBaseSaysWhatNoGeneratorKnows checks that operator-sdk's own commands find the
// icon and the description: they know the base and no other file.
func TestTheBaseSaysWhatNoGeneratorKnows(t *testing.T) {
	g := NewWithT(t)
	base := v1alpha1.ClusterServiceVersion{}
	data, err := os.ReadFile("../../config/manifests/bases/daemonset-job.clusterserviceversion.yaml")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(yaml.UnmarshalStrict(data, &base)).To(Succeed())
	shown := load(t).CSV.Spec
	g.Expect(base.Spec.Description).To(And(Not(BeEmpty()), Equal(shown.Description)))
	g.Expect(base.Spec.Icon).To(And(HaveLen(1), Equal(shown.Icon)))
	g.Expect(base.Annotations).NotTo(HaveKey(disconnected), "it follows from the images")
}
