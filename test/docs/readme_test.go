// Package docs tests that what the documentation shows is what there is.
package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestTheDocumentsShowTheSampleAndTheScript(t *testing.T) {
	g := NewWithT(t)
	g.Expect(read(t, "README.md")).To(ContainSubstring("```yaml\n" + read(t, "config/samples/daemonset_v1beta1_job.yaml") + "```"))
	g.Expect(read(t, "docs/log-mode.md")).To(ContainSubstring("```sh\n" + read(t, "config/samples/cleanup/cleanup.sh") + "```"))
}

// TestEachPartOfTheReadmeFitsAScreen checks that the README stays what a user reads first.
func TestEachPartOfTheReadmeFitsAScreen(t *testing.T) {
	g := NewWithT(t)
	parts := strings.Split(read(t, "README.md"), "\n## ")
	g.Expect(len(parts)).To(BeNumerically("<=", 5))
	for _, part := range parts {
		g.Expect(strings.Count(part, "\n")).To(BeNumerically("<=", 32), strings.SplitN(part, "\n", 2)[0])
	}
}

// TestEverySampleIsInTheIndex checks that the list of what can be set has each sample, but for
// the two that operator-sdk names.
func TestEverySampleIsInTheIndex(t *testing.T) {
	g := NewWithT(t)
	samples, err := filepath.Glob(root + "/config/samples/*_*.yaml")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(len(samples)).To(BeNumerically(">", 10))
	for _, sample := range samples {
		if name := filepath.Base(sample); !strings.HasPrefix(name, "daemonset_v1beta1_") {
			g.Expect(read(t, "docs/README.md")).To(ContainSubstring("](../config/samples/" + name + ")"))
		}
	}
}

// notRun are targets that no script runs, and why.
var notRun = map[string]string{
	"crdify":          "make test-unit runs the tests of its module",
	"crdify-baseline": "it copies a file that is committed after a release",
	"help":            "it only prints",
	"scorecard":       "it needs a program that cannot be built from Go modules",
	"soak-nodes":      "it takes minutes, and meets other moments each time",
}

// TestTargetsThatUsersReadAreRun checks that every target is there that a document names, and
// that the tests run those of the documents that are to be followed by the letter.
func TestTargetsThatUsersReadAreRun(t *testing.T) {
	g := NewWithT(t)
	makefiles := read(t, "Makefile")
	for _, file := range filesOf(t, ".mk") {
		makefiles += read(t, file)
	}
	scripts := makefiles + read(t, ".ci/run")
	for _, script := range append(filesOf(t, ".sh"), ".github/workflows/test.yaml", ".github/workflows/release.yaml") {
		scripts += read(t, script)
	}
	followed := []string{"README.md", "docs/install.md", "docs/how-it-works.md"}
	for _, document := range append(documents(t), "CONTRIBUTING.md#Releases") {
		text := ""
		if document == "CONTRIBUTING.md#Releases" {
			_, text, _ = strings.Cut(read(t, "CONTRIBUTING.md"), "\n## Releases\n")
			text, _, _ = strings.Cut(text, "\n## ")
		} else {
			text = read(t, document)
		}
		targets := targetsOf(text)
		for _, name := range targets {
			g.Expect(makefiles).To(MatchRegexp(`(?m)^[a-z0-9 -]*\b`+name+`( [a-z0-9 -]*)?:`), "%s: make %s", document, name)
		}
		if !slices.Contains(followed, document) && document != "CONTRIBUTING.md#Releases" {
			continue
		}
		g.Expect(targets).NotTo(BeEmpty(), document)
		for _, name := range targets {
			run := regexp.MustCompile(`(?m)(make|\$\(MAKE\)|\{make\[@\]\}").*\s` + name + `\b|\b` + name + `\.sh|^[a-z][a-z0-9-]*:.* ` + name + `\b|^\t` + name + `$`).MatchString(scripts)
			g.Expect(run || notRun[name] != "").To(BeTrue(), "%s: nothing runs make %s", document, name)
		}
	}
}

// targetsOf are all that make is called with in a text's code.
func targetsOf(text string) []string {
	var targets []string
	found, rest := blocks(text)
	code := inlineCode.FindAllString(rest, -1)
	for _, b := range found {
		if b.language == "sh" {
			code = append(code, b.text)
		}
	}
	for line := range strings.SplitSeq(strings.Join(code, "\n"), "\n") {
		line, _, _ = strings.Cut(line, "#")
		if _, after, ok := strings.Cut(" "+strings.Trim(line, "`"), " make "); ok {
			for word := range strings.FieldsSeq(after) {
				if regexp.MustCompile(`^[a-z][a-z0-9-]+$`).MatchString(word) {
					targets = append(targets, word)
				}
			}
		}
	}
	return targets
}

// The demo runs the plugin in the README's words.
func TestTheDemoRunsThePluginAsTheReadmeDoes(t *testing.T) {
	g := NewWithT(t)
	commands := regexp.MustCompile(`(?m)^kubectl node-job .*$`).FindAllString(read(t, "README.md"), -1)
	g.Expect(commands).NotTo(BeEmpty())
	for _, command := range commands {
		g.Expect(read(t, "hack/demo.sh")).To(ContainSubstring("show " + command + "\n"))
	}
}
