package main

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

//go:embed node-job.yaml.tmpl
var krewManifest string

// archive is the archive of a platform, as the manifest has it.
type archive struct{ OS, Arch, File, SHA256, Program string }

// release packs the builds into the folder dist.
func release(builds []string, dist, version, url string) error {
	if err := os.MkdirAll(dist, 0o755); err != nil {
		return err
	}
	var all []archive
	var checksums strings.Builder
	for _, build := range builds {
		a, err := packBuild(build, dist)
		if err != nil {
			return err
		}
		all = append(all, a)
		fmt.Fprintf(&checksums, "%s  %s\n", a.SHA256, a.File)
	}
	if err := os.WriteFile(filepath.Join(dist, "checksums.txt"), []byte(checksums.String()), 0o644); err != nil {
		return err
	}
	manifest, err := renderManifest(version, url, all)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dist, "node-job.yaml"), manifest, 0o644)
}

// packBuild packs the build of one platform.
func packBuild(build, dist string) (archive, error) {
	platform := filepath.Base(build)
	a := archive{File: "kubectl-node_job_" + platform + ".tar.gz", Program: "kubectl-node_job"}
	var isPlatform bool
	if a.OS, a.Arch, isPlatform = strings.Cut(platform, "_"); !isPlatform {
		return a, fmt.Errorf("%s is no platform: its name must be as linux_amd64", build)
	}
	pack := packTar
	if a.OS == "windows" {
		a.File, a.Program, pack = "kubectl-node_job_"+platform+".zip", a.Program+".exe", packZip
	}
	files, err := readFiles(build, a.Program)
	if err != nil {
		return a, err
	}
	data, err := pack(files)
	if err != nil {
		return a, err
	}
	a.SHA256 = fmt.Sprintf("%x", sha256.Sum256(data))
	return a, os.WriteFile(filepath.Join(dist, a.File), data, 0o644)
}

// renderManifest returns krew's manifest.
func renderManifest(version, url string, archives []archive) ([]byte, error) {
	parsed, err := template.New("manifest").Option("missingkey=error").Parse(krewManifest)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	err = parsed.Execute(&text, map[string]any{"Version": version, "URL": url, "Archives": archives})
	return text.Bytes(), err
}
