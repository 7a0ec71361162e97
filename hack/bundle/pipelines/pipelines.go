// Package pipelines has the static checks of the pipelines that publish community
// operators. They say before a submission what would be refused after it.
//
// The rules were read from their sources: operator-pipelines is the pipeline of
// redhat-openshift-ecosystem/community-operators-prod, operator-test-playbooks that of
// k8s-operatorhub/community-operators.
package pipelines

import (
	"errors"
	"fmt"
)

// The folders of the rules' sources.
const (
	common    = "github.com/redhat-openshift-ecosystem/operator-pipelines@422dfd6 operatorcert/static_tests/common/"
	openshift = "github.com/redhat-openshift-ecosystem/operator-pipelines@422dfd6 operatorcert/static_tests/community/"
	hub       = "github.com/redhat-openshift-ecosystem/operator-test-playbooks@7324dfc upstream/roles/"
)

// rule is a check of an operator, and of the version that is submitted.
type rule struct {
	// name is the rule's name in its source.
	name, source string
	// withoutFBC says that the rule is for operators without file-based catalogues.
	withoutFBC bool
	check      func(o *Operator, v *Version) error
}

// Check checks an operator's folder and the version that is submitted by the rules of
// the pipelines that have a name in names: "community-operators" or
// "community-operators-prod".
func Check(folder, version, repository string) error {
	rules, ok := repositories[repository]
	if !ok {
		return fmt.Errorf("no rules are known for the repository %q", repository)
	}
	operator, err := load(folder)
	if err != nil {
		return err
	}
	submitted, ok := operator.versions[version]
	if !ok {
		return fmt.Errorf("%s has no version %s", folder, version)
	}
	var problems []error
	for _, r := range rules {
		if r.withoutFBC && operator.fbc() {
			continue
		}
		if err := r.check(operator, submitted); err != nil {
			problems = append(problems, fmt.Errorf("%s (%s): %w", r.name, r.source, err))
		}
	}
	return errors.Join(problems...)
}

// repositories holds the rules of each repository's pipeline.
var repositories = map[string][]rule{
	"community-operators-prod": {
		{"check_operator_name", common + "bundle.py", false, operatorName},
		{"check_operator_version_directory_name", common + "bundle.py", false, versionIsTheFolder},
		{"check_network_policy_presence", common + "bundle.py", false, noNetworkPolicy},
		{"check_bundle_release_config", common + "bundle.py", false, releaseConfigFits},
		{"check_validate_schema_bundle_release_config", common + "bundle.py", false, releaseConfigSchema},
		{"check_replaces_availability", common + "bundle.py", true, replacesIsThere},
		{"check_schema_operator_ci_config", common + "operator.py", false, configSchema},
		{"check_catalog_usage_ci_config", common + "operator.py", false, oneTemplateEach},
		{"check_bundle_images_in_fbc", common + "operator_catalogs.py", false, allowedRegistries},
		{"check_required_fields", openshift + "bundle.py", false, requiredFields},
		{"check_dangling_bundles", openshift + "bundle.py", true, noneDangles},
		{"check_api_version_constraints", openshift + "bundle.py", true, versionsAgree},
		{"check_operator_name_unique", openshift + "operator.py", true, oneName},
		{"check_ci_upgrade_graph", openshift + "operator.py", true, updateGraph},
		{"check_upgrade_graph_loop", openshift + "operator.py", true, noLoop},
	},
	"community-operators": {
		// Whoever asks for file-based catalogues there knows a pipeline that has them.
		{"check_operator_format_consistency", hub + "check_operator_format_consistency", true, onlyVersions},
		{"check_package_bundle", hub + "check_package_bundle", false, packageIsTheFolder},
		{"required_annotations", hub + "detect_format", false, requiredAnnotations},
		{"version as directory name", hub + "build_operator_version_bundle", false, versionIsTheFolder},
		{"semver mode consistency", hub + "build_operator_version_bundle", false, semverReplacesNothing},
		{"containerImage", hub + "check_image_availability", false, containerImageIsUsed},
		{"operator metadata", "github.com/k8s-operatorhub/community-operators@23b953a docs/pull_request_template.md", false, requiredFields},
	},
}
