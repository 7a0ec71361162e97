package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// build writes builds as make does, at this time, and returns their folders.
func build(t *testing.T, at time.Time) []string {
	t.Helper()
	g, folder := NewWithT(t), t.TempDir()
	for _, name := range []string{
		"linux_amd64/kubectl-node_job", "linux_amd64/LICENSE", "linux_amd64/licenses/modules.txt",
		"windows_arm64/kubectl-node_job.exe", "windows_arm64/LICENSE", "windows_arm64/licenses/modules.txt",
	} {
		path := filepath.Join(folder, name)
		g.Expect(os.MkdirAll(filepath.Dir(path), 0o750)).To(Succeed())
		g.Expect(os.WriteFile(path, []byte("text of "+filepath.Base(name)), 0o600)).To(Succeed())
		g.Expect(os.Chtimes(path, at, at)).To(Succeed())
	}
	return []string{filepath.Join(folder, "linux_amd64"), filepath.Join(folder, "windows_arm64")}
}

func contents(t *testing.T, folder string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	texts := map[string]string{}
	for _, path := range files {
		data, err := os.ReadFile(path)
		NewWithT(t).Expect(err).NotTo(HaveOccurred())
		texts[filepath.Base(path)] = string(data)
	}
	return texts
}

func TestReleasesOfTheSameBuildsAreTheSame(t *testing.T) {
	g := NewWithT(t)
	first, second := t.TempDir(), t.TempDir()
	g.Expect(release(build(t, time.Now()), first, "v1.2.3", "https://example.com/v1.2.3")).To(Succeed())
	g.Expect(release(build(t, time.Now().Add(-time.Hour)), second, "v1.2.3", "https://example.com/v1.2.3")).To(Succeed())
	files := contents(t, first)
	g.Expect(files).To(HaveLen(4))
	g.Expect(contents(t, second)).To(Equal(files))

	linux, windows := files["kubectl-node_job_linux_amd64.tar.gz"], files["kubectl-node_job_windows_arm64.zip"]
	linuxSum, windowsSum := fmt.Sprintf("%x", sha256.Sum256([]byte(linux))), fmt.Sprintf("%x", sha256.Sum256([]byte(windows)))
	g.Expect(files["checksums.txt"]).To(Equal(linuxSum + "  kubectl-node_job_linux_amd64.tar.gz\n" + windowsSum + "  kubectl-node_job_windows_arm64.zip\n"))
	g.Expect(files["node-job.yaml"]).To(And(ContainSubstring("\n  version: v1.2.3\n"), HaveSuffix(`
  platforms:
  - selector:
      matchLabels:
        os: linux
        arch: amd64
    uri: https://example.com/v1.2.3/kubectl-node_job_linux_amd64.tar.gz
    sha256: `+linuxSum+`
    bin: kubectl-node_job
  - selector:
      matchLabels:
        os: windows
        arch: arm64
    uri: https://example.com/v1.2.3/kubectl-node_job_windows_arm64.zip
    sha256: `+windowsSum+`
    bin: kubectl-node_job.exe
`)))
}

func TestArchivesHaveTheProgramAndTheLicences(t *testing.T) {
	g, dist := NewWithT(t), t.TempDir()
	g.Expect(release(build(t, time.Now()), dist, "v1", "https://example.com")).To(Succeed())

	packedTar, err := os.Open(filepath.Join(dist, "kubectl-node_job_linux_amd64.tar.gz"))
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { g.Expect(packedTar.Close()).To(Succeed()) }()
	unzipped, err := gzip.NewReader(packedTar)
	g.Expect(err).NotTo(HaveOccurred())
	var found []string
	for reader := tar.NewReader(unzipped); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		g.Expect(err).NotTo(HaveOccurred())
		text, err := io.ReadAll(reader)
		g.Expect(err).NotTo(HaveOccurred())
		found = append(found, fmt.Sprintf("%s %o %d:%d %s", header.Name, header.Mode, header.Uid, header.Gid, text))
	}
	g.Expect(found).To(Equal([]string{
		"LICENSE 644 0:0 text of LICENSE", "kubectl-node_job 755 0:0 text of kubectl-node_job", "licenses/modules.txt 644 0:0 text of modules.txt",
	}))

	data, err := os.ReadFile(filepath.Join(dist, "kubectl-node_job_windows_arm64.zip"))
	g.Expect(err).NotTo(HaveOccurred())
	packedZip, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	g.Expect(err).NotTo(HaveOccurred())
	var names []string
	for _, f := range packedZip.File {
		names = append(names, fmt.Sprintf("%s %o", f.Name, f.Mode()))
	}
	g.Expect(names).To(Equal([]string{"LICENSE 644", "kubectl-node_job.exe 755", "licenses/modules.txt 644"}))
}

func TestReleaseRefusesWhatIsNoBuild(t *testing.T) {
	g, builds := NewWithT(t), build(t, time.Now())
	g.Expect(os.Remove(filepath.Join(builds[0], "LICENSE"))).To(Succeed())
	g.Expect(release(builds, t.TempDir(), "v1", "https://example.com")).To(MatchError(ContainSubstring("LICENSE")))
	g.Expect(release([]string{t.TempDir()}, t.TempDir(), "v1", "https://example.com")).To(MatchError(ContainSubstring("is no platform")))
}
