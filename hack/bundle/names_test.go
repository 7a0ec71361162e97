package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"
)

const root = "../../"

// originalSample is the project's first sample. It keeps its image's short name, and so
// does each quotation of it, in the files of quotesTheOriginal alone.
const originalSample = "config/samples/daemonset_v1beta1_job.yaml"

var quotesTheOriginal = []string{originalSample, "README.md", "bundle/manifests/daemonset-job.clusterserviceversion.yaml", "catalog/daemonset-job/catalog.yaml"}

// placeholders are names that kustomize replaces by an image.
var placeholders = map[string]string{"config/manager/manager.yaml": "controller"}

// imageLines match what names an image in a manifest, a Dockerfile, a Makefile or a command.
var imageLines = []*regexp.Regexp{
	regexp.MustCompile(`(?m)^[ \t-]*"?(?:image|containerImage|newName)"?:[ \t]+"?([^\s"',]+)"?,?$`),
	regexp.MustCompile(`RELATED_IMAGE_\w+\n\s+value: (\S+)`),
	regexp.MustCompile(`(?m)(?:^ARG BASE_IMAGE=|\b(?:IMG|IMAGE_TAG_BASE|SAMPLE_IMG|PAUSE_IMG) ?\??= ?)([a-z0-9][^\s…]*)`),
	regexp.MustCompile("run bundle ([^\\s`]+)"),
}

// ourNames match the project's images and its repository, with what precedes them.
var ourNames = regexp.MustCompile(`([\w./-]*)\bdarkowlzz/(?:daemonset-job|cleanup)\b`)

// filesIn returns the text files of some folders and files, by their path in the project.
func filesIn(t *testing.T, places ...string) map[string]string {
	t.Helper()
	g, texts := NewWithT(t), map[string]string{}
	for _, place := range places {
		g.Expect(filepath.WalkDir(root+place, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			data, err := os.ReadFile(path)
			texts[filepath.ToSlash(strings.TrimPrefix(path, root))] = string(data)
			return err
		})).To(Succeed())
	}
	return texts
}

// quotations returns a pattern of the original sample, as YAML and as JSON.
func quotations(t *testing.T) *regexp.Regexp {
	t.Helper()
	g := NewWithT(t)
	text, err := os.ReadFile(root + originalSample)
	g.Expect(err).NotTo(HaveOccurred())
	var sample map[string]any
	g.Expect(yaml.Unmarshal(text, &sample)).To(Succeed())
	asJSON, err := json.MarshalIndent(sample, "", "  ")
	g.Expect(err).NotTo(HaveOccurred())
	var patterns []string
	for _, quoted := range []string{string(text), string(asJSON)} {
		words := strings.Fields(quoted)
		for i := range words {
			words[i] = regexp.QuoteMeta(words[i])
		}
		patterns = append(patterns, strings.Join(words, `\s+`))
	}
	return regexp.MustCompile(strings.Join(patterns, "|"))
}

// TestEveryImageNamesItsRegistry checks what users install and read. OLM v1 and
// `operator-sdk run bundle` refuse an image without the host of its registry.
func TestEveryImageNamesItsRegistry(t *testing.T) {
	g := NewWithT(t)
	texts := filesIn(t, "config", "bundle", "catalog", "docs", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile", "Dockerfile",
		"bundle.Dockerfile", "catalog.Dockerfile", "hack", "test")
	original := quotations(t)
	for _, file := range quotesTheOriginal {
		if !strings.HasPrefix(file, "catalog/") {
			g.Expect(original.FindAllString(texts[file], -1)).To(HaveLen(1), file)
		}
		texts[file] = original.ReplaceAllString(texts[file], "")
	}
	named := map[string]int{}
	for file, text := range texts {
		for _, found := range ourNames.FindAllStringSubmatch(text, -1) {
			g.Expect(found[1]).To(Or(HaveSuffix("docker.io/"), HaveSuffix("github.com/")), "%s: %s", file, found[0])
		}
		if strings.HasPrefix(file, "hack/") || strings.HasPrefix(file, "test/") && !strings.HasSuffix(file, "Dockerfile") {
			continue // Other names there are made up.
		}
		for _, pattern := range imageLines {
			for _, found := range pattern.FindAllStringSubmatch(text, -1) {
				if image := found[1]; image != placeholders[file] && image != "scratch" {
					g.Expect(image).To(MatchRegexp(`^[a-z0-9-]+(\.[a-z0-9-]+)+/`), "%s: %s lacks the host of its registry", file, image)
					named[strings.Split(file, "/")[0]]++
				}
			}
		}
	}
	for _, place := range []string{"config", "bundle", "catalog", "README.md", "Makefile", "catalog.Dockerfile"} {
		g.Expect(named).To(HaveKey(place), "no image was found")
	}
}

// TestOurImagesHaveOneName checks that the names which cannot be variables are those
// of the Makefile.
func TestOurImagesHaveOneName(t *testing.T) {
	g := NewWithT(t)
	texts := filesIn(t, "Makefile", "config")
	variable := func(name string) string {
		found := regexp.MustCompile(`(?m)^` + name + ` \?= (\S+)$`).FindStringSubmatch(texts["Makefile"])
		g.Expect(found).To(HaveLen(2), name)
		return found[1]
	}
	base, version, sample := variable("IMAGE_TAG_BASE"), variable("VERSION"), variable("SAMPLE_IMG")
	g.Expect(texts["config/manager/kustomization.yaml"]).To(ContainSubstring("newName: " + base + "\n  newTag: v" + version + "\n"))
	g.Expect(strings.Count(texts["config/scorecard/patches/job.config.yaml"], "image: "+base+"-scorecard:v"+version+"\n")).To(Equal(3))
	for file, text := range texts {
		if strings.HasPrefix(file, "config/samples/") && regexp.MustCompile(`(?m)^kind: (Cron)?Job$`).MatchString(text) {
			want := sample
			if file == originalSample {
				want = strings.TrimPrefix(sample, "docker.io/")
			}
			g.Expect(text).To(ContainSubstring("image: "+want+"\n"), file)
		}
	}
}
