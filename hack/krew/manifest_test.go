// Package krew checks a release of the kubectl plugin by krew and by what checks the manifests
// of krew's index.
package krew

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	. "github.com/onsi/gomega"
)

// tools are krew and the check of its index, and a script that stands for kubectl: it runs the
// plugin krew, as kubectl does.
type tools struct {
	Gomega
	folder      string
	environment []string
}

func buildTools(t *testing.T) *tools {
	t.Helper()
	w := &tools{Gomega: NewWithT(t), folder: t.TempDir()}
	build := exec.Command("go", "install", "tool")
	build.Env = append(os.Environ(), "GOBIN="+w.folder, "GOFLAGS=", "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	w.Expect(err).NotTo(HaveOccurred(), string(out))
	script := "#!/bin/sh\nshift\nexec '" + w.folder + "/krew' \"$@\"\n"
	w.Expect(os.WriteFile(filepath.Join(w.folder, "kubectl"), []byte(script), 0o700)).To(Succeed())
	w.environment = append(os.Environ(), "PATH="+w.folder+":"+os.Getenv("PATH"), "KREW_NO_UPGRADE_CHECK=1")
	return w
}

// run runs a tool, or the program of a path, and returns what it printed.
func (w *tools) run(program string, args ...string) string {
	if !filepath.IsAbs(program) {
		program = filepath.Join(w.folder, program)
	}
	command := exec.Command(program, args...)
	command.Env = w.environment
	out, err := command.CombinedOutput()
	w.Expect(err).NotTo(HaveOccurred(), "%s %v:\n%s", program, args, out)
	return string(out)
}

func TestTheManifestIsValidAndItsArchivesCanBeInstalled(t *testing.T) {
	dist := os.Getenv("PLUGIN_DIST")
	if dist == "" {
		t.Skip("SKIPPED: make test-plugin-release builds what this checks")
	}
	w, manifest := buildTools(t), filepath.Join(dist, "node-job.yaml")
	w.run("validate-krew-manifest", "-manifest", manifest, "-skip-install")

	// Before the release the archives are not where the manifest says: this server has them.
	server := httptest.NewServer(http.FileServer(http.Dir(dist)))
	defer server.Close()
	text, err := os.ReadFile(manifest)
	w.Expect(err).NotTo(HaveOccurred())
	archives, err := filepath.Glob(filepath.Join(dist, "kubectl-node_job_*"))
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(archives).NotTo(BeEmpty())
	uri := regexp.MustCompile(`(?m)^( +uri: )\S+/`)
	w.Expect(uri.FindAll(text, -1)).To(HaveLen(len(archives)))
	local := filepath.Join(t.TempDir(), "node-job.yaml")
	w.Expect(os.WriteFile(local, uri.ReplaceAll(text, []byte("${1}"+server.URL+"/")), 0o600)).To(Succeed())
	w.Expect(w.run("validate-krew-manifest", "-manifest", local)).To(ContainSubstring(fmt.Sprintf("all %d spec.platforms installed fine", len(archives))))

	// What krew installs for this platform runs, also by the name that its caveats give it.
	root := t.TempDir()
	w.environment = append(w.environment, "KREW_ROOT="+root)
	w.run("krew", "install", "--manifest", local)
	version := regexp.MustCompile(`(?m)^  version: (\S+)$`).FindSubmatch(text)
	w.Expect(version).NotTo(BeNil())
	w.Expect(w.run(filepath.Join(root, "bin", "kubectl-node_job"), "--version")).To(ContainSubstring(string(version[1])))
	completer := filepath.Join(root, "bin", "kubectl_complete-node_job")
	w.Expect(os.Symlink("kubectl-node_job", completer)).To(Succeed())
	w.Expect(w.run(completer, "sta")).To(HavePrefix("status\t"))
}
