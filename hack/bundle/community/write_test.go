package community

import (
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"
)

// thing returns a release with a version before it, whose bundle has two manifests.
func thing(t *testing.T) *Release {
	t.Helper()
	bundle := t.TempDir()
	for name, text := range map[string]string{
		"manifests/thing.clusterserviceversion.yaml": "kind: ClusterServiceVersion\n",
		"manifests/policy.yaml":                      "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n",
		"metadata/annotations.yaml":                  "annotations: {}\n",
		"tests/scorecard/config.yaml":                "kind: Configuration\n",
	} {
		file := filepath.Join(bundle, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	first, second := Entry{Name: "thing.v1.0.0"}, Entry{Name: "thing.v1.1.0", Replaces: "thing.v1.0.0", SkipRange: "<1.1.0"}
	return &Release{Package: "thing", Version: "1.1.0", Bundle: bundle, DefaultChannel: "stable", Reviewers: []string{"someone"},
		Channels: []Channel{{"fast", []Entry{second}}, {"stable", []Entry{first, second}}}, FirstOpenShift: 17, LastOpenShift: 18, Template: Basic}
}

func TestWrite(t *testing.T) {
	g := NewWithT(t)
	r, root := thing(t), t.TempDir()
	folder := Operator(root, &OpenShift, "thing")
	for range 2 {
		g.Expect(r.Write(root, &OpenShift)).To(Succeed())
		var files []string
		g.Expect(filepath.Walk(folder, func(path string, info os.FileInfo, err error) error {
			if name, _ := filepath.Rel(folder, path); !info.IsDir() {
				files = append(files, name)
			}
			return err
		})).To(Succeed())
		g.Expect(files).To(ConsistOf("1.1.0/manifests/thing.clusterserviceversion.yaml", "1.1.0/metadata/annotations.yaml",
			"1.1.0/tests/scorecard/config.yaml", "1.1.0/release-config.yaml", "catalog-templates/basic.yaml", "catalog-templates/semver.yaml", "ci.yaml"))
	}
	content := func(file string) string {
		data, err := os.ReadFile(filepath.Join(folder, file))
		g.Expect(err).NotTo(HaveOccurred())
		return string(data)
	}
	g.Expect(content("ci.yaml")).To(MatchYAML(`{updateGraph: replaces-mode, reviewers: [someone], fbc: {enabled: true, version_promotion_strategy: review-needed,
		catalog_mapping: [{template_name: basic.yaml, type: olm.template.basic, catalog_names: [v4.17, v4.18]}]}}`))
	g.Expect(content("1.1.0/release-config.yaml")).To(MatchYAML(
		`catalog_templates: [{template_name: basic.yaml, channels: [stable, fast], defaultChannel: stable, replaces: thing.v1.0.0, skipRange: <1.1.0}]`))
	g.Expect(content("catalog-templates/semver.yaml")).To(MatchYAML(`
Schema: olm.semver
GenerateMajorChannels: true
GenerateMinorChannels: false
Fast: {Bundles: [{Image: "quay.io/community-operator-pipeline-prod/thing:1.1.0"}]}
Stable: {Bundles: [{Image: "quay.io/community-operator-pipeline-prod/thing:1.0.0"}, {Image: "quay.io/community-operator-pipeline-prod/thing:1.1.0"}]}`))

	g.Expect(r.Write(root, &OperatorHub)).To(Succeed())
	folder = Operator(root, &OperatorHub, "thing")
	g.Expect(content("ci.yaml")).To(MatchYAML(`{updateGraph: replaces-mode, reviewers: [someone]}`))
	g.Expect(filepath.Join(folder, "catalog-templates")).NotTo(BeADirectory())
	withCatalogues := OperatorHub
	withCatalogues.FBC = true
	r.Template = Semver
	g.Expect(r.Write(root, &withCatalogues)).To(Succeed())
	g.Expect(content("ci.yaml")).To(ContainSubstring("- latest"))
	g.Expect(content("1.1.0/release-config.yaml")).To(MatchYAML(`catalog_templates: [{template_name: semver.yaml, channels: [Stable, Fast]}]`))
	g.Expect(content("catalog-templates/basic.yaml")).To(ContainSubstring("image: quay.io/operatorhubio/thing:v1.1.0\n"))
}

// TestTheReleaseIsInTheTemplate checks that the pipeline, which adds to the template what
// release-config.yaml says, finds that it is there: a second entry would be another
// head of the channel. The source is operatorcert/entrypoints/add_bundle_to_fbc.py of
// github.com/redhat-openshift-ecosystem/operator-pipelines.
func TestTheReleaseIsInTheTemplate(t *testing.T) {
	g := NewWithT(t)
	r := thing(t)
	released, err := r.releaseConfig()
	g.Expect(err).NotTo(HaveOccurred())
	added := released.Templates[0]
	template, err := r.basic(&OpenShift)
	g.Expect(err).NotTo(HaveOccurred())
	found := 0
	for _, document := range template.Entries {
		channel, ok := document.(channelEntry)
		if !ok {
			continue
		}
		found++
		g.Expect(added.Channels).To(ContainElement(channel.Name))
		g.Expect(channel.Entries).To(ContainElement(Entry{"thing.v1.1.0", added.Replaces, added.SkipRange}))
	}
	g.Expect(found).To(Equal(len(added.Channels)))
	data, err := yaml.Marshal(template)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(data)).To(ContainSubstring("- image: quay.io/community-operator-pipeline-prod/thing:1.1.0\n  schema: olm.bundle\n"))
}

func TestWriteRefuses(t *testing.T) {
	for problem, change := range map[string]func(*Release){
		"no template":                     func(r *Release) { r.Template = "other.yaml" },
		"older than the first":            func(r *Release) { r.LastOpenShift = 16 },
		"no channel of the catalogue has": func(r *Release) { r.Version = "1.2.0" },
		"no place in a semver template":   func(r *Release) { r.Channels[0].Name = "alpha" },
		`"other.v1.0.0" is not a version`: func(r *Release) { r.Channels[0].Entries[0].Name = "other.v1.0.0" },
		"/bundle: stat .: no such file":   func(r *Release) { r.Bundle += "/bundle" },
	} {
		t.Run(problem, func(t *testing.T) {
			r := thing(t)
			change(r)
			NewWithT(t).Expect(r.Write(t.TempDir(), &OpenShift)).To(MatchError(ContainSubstring(problem)))
		})
	}
}
