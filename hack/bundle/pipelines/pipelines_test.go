package pipelines

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"

	"github.com/darkowlzz/daemonset-job/hack/bundle/community"
)

const (
	prod = "community-operators-prod"
	k8s  = "community-operators"
)

// release returns a folder of the operator with two versions, as `make community` writes
// it. Both are the committed bundle, and the second replaces the first.
func release(t *testing.T, repository community.Repository, fbc bool, template string) string {
	t.Helper()
	repository.FBC = fbc
	key := fmt.Sprint(repository, template)
	if written[key] == nil {
		written[key] = inMemory(t, write(t, &repository, template))
	}
	folder := filepath.Join(t.TempDir(), "daemonset-job")
	if err := os.CopyFS(folder, written[key]); err != nil {
		t.Fatal(err)
	}
	return folder
}

// written holds the folders that were written, by what they were written for.
var written = map[string]fs.FS{}

// inMemory returns a copy of a folder that outlives the test.
func inMemory(t *testing.T, folder string) fs.FS {
	t.Helper()
	files, from := fstest.MapFS{}, os.DirFS(folder)
	err := fs.WalkDir(from, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(from, path)
		files[path] = &fstest.MapFile{Data: data, Mode: 0o644}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func write(t *testing.T, repository *community.Repository, template string) string {
	t.Helper()
	root := t.TempDir()
	r := &community.Release{Package: "daemonset-job", DefaultChannel: "stable", Channels: []community.Channel{{Name: "stable"}},
		Reviewers: []string{"darkowlzz"}, FirstOpenShift: 17, LastOpenShift: 22, Template: template}
	entry := community.Entry{}
	for _, r.Version = range []string{"0.0.9", "0.1.0"} {
		entry = community.Entry{Name: "daemonset-job.v" + r.Version, Replaces: entry.Name}
		r.Channels[0].Entries = append(r.Channels[0].Entries, entry)
		r.Bundle = bundle(t, r.Version, entry)
		if err := r.Write(root, repository); err != nil {
			t.Fatal(err)
		}
	}
	return community.Operator(root, repository, r.Package)
}

// bundle returns a copy of the committed bundle with another version. Its CRD is left
// out: no rule reads it, and it is large.
func bundle(t *testing.T, version string, entry community.Entry) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS("../../../bundle")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(folder, "manifests", "daemonset.darkowlzz.space_jobs.yaml")); err != nil {
		t.Fatal(err)
	}
	file, content := filepath.Join(folder, manifest), map[string]any{}
	if err := read(file, &content); err != nil {
		t.Fatal(err)
	}
	content["metadata"].(map[string]any)["name"] = entry.Name
	spec := content["spec"].(map[string]any)
	spec["version"] = version
	delete(spec, "replaces")
	if entry.Replaces != "" {
		spec["replaces"] = entry.Replaces
	}
	data, err := yaml.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return folder
}

// edit replaces a text of a file that must be there.
func edit(t *testing.T, file, before, after string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), before) {
		t.Fatalf("%s has no %q", file, before)
	}
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(data), before, after)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestWhatIsWrittenPasses checks a release by all rules of both pipelines, with and
// without file-based catalogues.
func TestWhatIsWrittenPasses(t *testing.T) {
	g := NewWithT(t)
	for _, template := range []string{community.Basic, community.Semver} {
		g.Expect(Check(release(t, community.OpenShift, true, template), "0.1.0", prod)).To(Succeed())
		g.Expect(Check(release(t, community.OperatorHub, true, template), "0.1.0", k8s)).To(Succeed())
	}
	g.Expect(Check(release(t, community.OpenShift, false, community.Basic), "0.1.0", prod)).To(Succeed())
	g.Expect(Check(release(t, community.OperatorHub, false, community.Basic), "0.1.0", k8s)).To(Succeed())
}

func TestCheckRefuses(t *testing.T) {
	g := NewWithT(t)
	folder := release(t, community.OpenShift, true, community.Basic)
	g.Expect(Check(folder, "0.1.0", "other")).To(MatchError(ContainSubstring(`"other"`)))
	g.Expect(Check(folder, "7.0.0", prod)).To(MatchError(ContainSubstring("no version 7.0.0")))
	g.Expect(Check(t.TempDir(), "0.1.0", prod)).To(MatchError(ContainSubstring("ci.yaml")))
}

// TestARuleMustHaveASource checks that each rule says where it was read.
func TestARuleMustHaveASource(t *testing.T) {
	g := NewWithT(t)
	for _, rules := range repositories {
		for _, r := range rules {
			g.Expect(r.source).To(MatchRegexp(`^github\.com/[\w-]+/[\w-]+@[0-9a-f]{7} \S+`), r.name)
		}
	}
}
