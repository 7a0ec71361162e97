package pipelines

import (
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/hack/bundle/community"
)

// mistakes holds, for each rule of both pipelines, what it refuses.
var mistakes = []struct {
	repository, rule string
	fbc              bool
	// file is edited: before becomes after. Without before, after is written to it.
	file, before, after string
}{
	{prod, "check_operator_name", true, annotations, "package.v1: daemonset-job", "package.v1: other"},
	{prod, "check_operator_name", true, csv, "name: daemonset-job.v0.1.0", "name: other.v0.1.0"},
	{prod, "check_operator_version_directory_name", true, csv, "\n  version: 0.1.0", "\n  version: 0.2.0"},
	{prod, "check_network_policy_presence", true, "0.1.0/manifests/policy.yaml", "", "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"},
	{prod, "check_bundle_release_config", false, released, "", "catalog_templates: [{template_name: basic.yaml, channels: [stable]}]\n"},
	{prod, "check_bundle_release_config", true, released, "template_name: basic.yaml", "template_name: other.yaml"},
	{prod, "check_bundle_release_config", true, ci, "type: olm.template.basic", "type: olm.semver"},
	{prod, "check_validate_schema_bundle_release_config", true, released, "catalog_templates:", "unknown: true\ncatalog_templates:"},
	{prod, "check_validate_schema_bundle_release_config", true, released, "", "merge: true\n"},
	{prod, "check_validate_schema_bundle_release_config", true, released, "", "catalog_templates: [{template_name: basic.yaml, channels: [stable, stable]}]\n"},
	{prod, "check_replaces_availability", false, csv, "replaces: daemonset-job.v0.0.9", "replaces: daemonset-job.v0.0.8"},
	{prod, "check_replaces_availability", false, csv, "replaces: daemonset-job.v0.0.9", "replaces: daemonset-job.v0.1.0"},
	{prod, "check_replaces_availability", false, "0.0.9/metadata/annotations.yaml", "versions: v4.17", "versions: v4.18"},
	{prod, "check_schema_operator_ci_config", true, ci, "review-needed", "sometimes"},
	{prod, "check_schema_operator_ci_config", true, ci, "enabled: true", "enabled: true\n  catalogs: [v4.17]"},
	{prod, "check_schema_operator_ci_config", false, ci, "", "reviewers: []\nupdateGraph: replaces-mode\n"},
	{prod, "check_schema_operator_ci_config", true, ci, "    template_name: basic.yaml\n", ""},
	{prod, "check_catalog_usage_ci_config", true, ci, "  catalog_mapping:\n", "  catalog_mapping:\n  - {template_name: semver.yaml, type: olm.semver, catalog_names: [v4.17]}\n"},
	{prod, "check_bundle_images_in_fbc", true, "catalog-templates/basic.yaml", "quay.io/community-operator-pipeline-prod", "docker.io/darkowlzz"},
	{prod, "check_bundle_images_in_fbc", true, ci, "template_name: basic.yaml", "template_name: other.yaml"},
	{prod, "check_required_fields", true, csv, "capabilities: Deep Insights", "capabilities: Autopilot"},
	{prod, "check_required_fields", true, csv, "categories: ", "categories: Batch, "},
	{prod, "check_required_fields", true, csv, "createdAt: ", "createdAt: soon # "},
	{prod, "check_required_fields", true, csv, "containerImage: ", "containerImage: daemonset-job:v0.1.0 # "},
	{prod, "check_required_fields", true, csv, "mediatype: image/svg+xml", "mediatype: image/bmp"},
	{prod, "check_required_fields", true, csv, "maintainers:", "owners:"},
	{prod, "check_required_fields", true, csv, "\n  keywords:", "\n  keywords: []\n  words:"},
	{prod, "check_dangling_bundles", false, csv, "\n  replaces: daemonset-job.v0.0.9", ""},
	{prod, "check_api_version_constraints", false, annotations, "versions: v4.17", "versions: v4.16"},
	{prod, "check_api_version_constraints", false, annotations, "versions: v4.17", "versions: v4.15-v4.18"},
	{prod, "check_api_version_constraints", false, annotations, "com.redhat.openshift.versions: v4.17", ""},
	{prod, "check_operator_name_unique", false, "0.0.9/" + manifest, "name: daemonset-job.v0.0.9", "name: other.v0.0.9"},
	{prod, "check_ci_upgrade_graph", false, ci, "updateGraph: replaces-mode", "updateGraph: none"},
	{prod, "check_ci_upgrade_graph", false, ci, "updateGraph: replaces-mode", ""},
	{prod, "check_upgrade_graph_loop", false, "0.0.9/" + manifest, "\n  version: 0.0.9", "\n  replaces: daemonset-job.v0.1.0\n  version: 0.0.9"},

	{k8s, "check_operator_format_consistency", false, "catalog-templates/basic.yaml", "", "schema: olm.template.basic\n"},
	{k8s, "check_package_bundle", false, annotations, "package.v1: daemonset-job", "package.v1: other"},
	{k8s, "required_annotations", false, annotations, "operators.operatorframework.io.bundle.channels.v1: stable", ""},
	{k8s, "version as directory name", false, csv, "\n  version: 0.1.0", "\n  version: 0.2.0"},
	{k8s, "semver mode consistency", false, ci, "replaces-mode", "semver-mode"},
	{k8s, "semver mode consistency", false, ci, "updateGraph: replaces-mode", ""},
	{k8s, "containerImage", false, csv, "containerImage: ", "containerImage: other/"},
	{k8s, "operator metadata", false, csv, "description: ", "descriptions: "},
}

// The files that are edited.
const (
	manifest    = "manifests/daemonset-job.clusterserviceversion.yaml"
	csv         = "0.1.0/" + manifest
	annotations = "0.1.0/metadata/annotations.yaml"
	released    = "0.1.0/release-config.yaml"
	ci          = "ci.yaml"
)

// TestEveryRuleRefuses checks that each rule can fail, and that no rule has no mistake.
func TestEveryRuleRefuses(t *testing.T) {
	g := NewWithT(t)
	tried := map[string]bool{}
	for _, mistake := range mistakes {
		tried[mistake.repository+" "+mistake.rule] = true
		t.Run(mistake.rule, func(t *testing.T) {
			g := NewWithT(t)
			repository := community.OperatorHub
			if mistake.repository == prod {
				repository = community.OpenShift
			}
			folder := release(t, repository, mistake.fbc, community.Basic)
			file := filepath.Join(folder, mistake.file)
			if mistake.before != "" {
				edit(t, file, mistake.before, mistake.after)
			} else {
				g.Expect(os.MkdirAll(filepath.Dir(file), 0o755)).To(Succeed())
				g.Expect(os.WriteFile(file, []byte(mistake.after), 0o644)).To(Succeed())
			}
			g.Expect(Check(folder, "0.1.0", mistake.repository)).To(MatchError(ContainSubstring(mistake.rule + " (github.com/")))
		})
	}
	for repository, rules := range repositories {
		for _, r := range rules {
			g.Expect(tried).To(HaveKey(repository+" "+r.name), "what does the rule refuse?")
		}
	}
}
