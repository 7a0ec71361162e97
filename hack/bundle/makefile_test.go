package main

import (
	"os/exec"
	"testing"

	. "github.com/onsi/gomega"
)

// dryRun returns what make would run.
func dryRun(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("make", append([]string{"-n", "-C", "../.."}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

// TestVariablesOfOperatorSDK checks that the variables of operator-sdk's Makefile do here
// what they do there.
func TestVariablesOfOperatorSDK(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"the default":          {[]string{"bundle"}, `generate .*-q --overwrite --version \S+ --channels=stable --default-channel=stable`},
		"CHANNELS":             {[]string{"bundle", "CHANNELS=fast,stable"}, `generate .*--channels=fast,stable --default-channel=fast`},
		"DEFAULT_CHANNEL":      {[]string{"bundle", "CHANNELS=fast,stable", "DEFAULT_CHANNEL=stable"}, `--channels=fast,stable --default-channel=stable`},
		"BUNDLE_CHANNELS":      {[]string{"catalog", "BUNDLE_CHANNELS=--channels=fast"}, `catalog .*--channels=fast`},
		"BUNDLE_METADATA_OPTS": {[]string{"bundle", "BUNDLE_METADATA_OPTS=--channels=candidate"}, `generate .*--version \S+ --channels=candidate `},
		"BUNDLE_GEN_FLAGS":     {[]string{"bundle", "BUNDLE_GEN_FLAGS=--version 7.0.0"}, `generate -version \S+ .* --version 7.0.0 `},
		"BUNDLE_IMGS":          {[]string{"catalog-build", "BUNDLE_IMGS=r/a:v1,r/b:v2"}, `(?s)cp -r catalog/.* render .* r/a:v1 r/b:v2 .*-by-version.*CATALOG_DIR=bin/catalog `},
		"CATALOG_BASE_IMG":     {[]string{"catalog-build", "CATALOG_BASE_IMG=r/c:v1", "BUNDLE_IMG=r/a:v2"}, `(?s) render .* r/c:v1 .* split .* render .* r/a:v2 .*CATALOG_DIR=bin/catalog `},
		"neither":              {[]string{"catalog-build"}, `CATALOG_DIR=catalog `},
	} {
		t.Run(name, func(t *testing.T) { NewWithT(t).Expect(dryRun(t, test.args...)).To(MatchRegexp(test.want)) })
	}
}

func TestFlagsOfOperatorSDK(t *testing.T) {
	g := NewWithT(t)
	f := newFlags("test")
	g.Expect(f.Parse([]string{"-version", "1.0.0", "-q", "--overwrite", "--version", "1.1.0", "--channels=fast,stable", "--default-channel=stable"})).To(Succeed())
	r, err := f.release()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect([]string{r.version.String(), f.channels, f.defaultChannel}).To(Equal([]string{"1.1.0", "fast,stable", "stable"}))
	g.Expect(f.Parse([]string{"--overwrite=false"})).To(Succeed())
	_, err = f.release()
	g.Expect(err).To(MatchError(ContainSubstring("-overwrite=false")))
	g.Expect(newFlags("test").Parse([]string{"--kustomize-dir=other"})).To(MatchError(ContainSubstring("kustomize-dir")))
}
