package main

import (
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
)

// TestTheCommittedReleaseCanBeSubmitted writes the committed bundle for the community
// repositories, and checks it by all rules of their pipelines.
func TestTheCommittedReleaseCanBeSubmitted(t *testing.T) {
	g := NewWithT(t)
	bundle, err := filepath.Abs(committed)
	g.Expect(err).NotTo(HaveOccurred())
	args := func(more ...string) []string {
		return append([]string{"-version", load(t).CSV.Spec.Version.String(), "-bundle", bundle,
			"-catalog", "../../catalog/daemonset-job/catalog.yaml", "-output", t.TempDir(), "-fbc", "community-operators-prod",
			"-reviewers", "darkowlzz", "-openshift", "v4.22"}, more...)
	}
	g.Expect(submit(args())).To(Succeed())
	g.Expect(submit(args("-fbc", ""))).To(Succeed())
	for problem, more := range map[string][]string{
		`"elsewhere": there is no such`:              {"-fbc", "elsewhere"},
		`OpenShift "newest"`:                         {"-openshift", "newest"},
		"no channel of the catalogue has version":    {"-version", "7.0.0"},
		"check_schema_operator_ci_config (github.co": {"-reviewers", "", "-fbc", ""},
	} {
		g.Expect(submit(args(more...))).To(MatchError(ContainSubstring(problem)))
	}
	// The committed bundle is not version 7.0.0.
	g.Expect(submit(args("-version", "7.0.0", "-fbc", ""))).To(MatchError(ContainSubstring("check_operator_version_directory_name")))
}
