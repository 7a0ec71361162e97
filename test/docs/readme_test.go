// Package docs tests that what the documentation shows is what there is.
package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", file))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestTheReadmeShowsTheSamplesAndTheScript(t *testing.T) {
	g := NewWithT(t)
	readme := read(t, "README.md")
	g.Expect(readme).To(ContainSubstring("```yaml\n" + read(t, "config/samples/daemonset_v1beta1_job.yaml") + "```"))
	_, cronJob, _ := strings.Cut(read(t, "config/samples/daemonset_v1beta1_cronjob.yaml"), "\n")
	g.Expect(readme).To(ContainSubstring("```yaml\n" + cronJob + "```"))
	g.Expect(readme).To(ContainSubstring("```sh\n" + read(t, "config/samples/cleanup/cleanup.sh") + "```"))
}

// Every target that the README names is there, and run by the tests.
func TestTheReadmeNamesTargetsThatAreRun(t *testing.T) {
	g := NewWithT(t)
	makefiles := read(t, "Makefile") + read(t, "test/cluster/cluster.mk") + read(t, "hack/bundle/bundle.mk") + read(t, "test/bench/bench.mk")
	files := []string{makefiles, read(t, ".ci/run")}
	for _, script := range []string{"demo", "lib", "test", "test-e2e", "test-integration", "test-olm", "verify"} {
		files = append(files, read(t, "hack/"+script+".sh"))
	}
	scripts := strings.Join(files, "\n")
	targets := targetsOf(read(t, "README.md"))
	g.Expect(targets).NotTo(BeEmpty())
	for _, name := range targets {
		g.Expect(makefiles).To(MatchRegexp(`(?m)^`+name+`:`), "make %s", name)
		run := strings.Contains(scripts, name+".sh") || regexp.MustCompile(`(?m)(make|\{make\[@\]\}").*[\s]`+name+`\b`).MatchString(scripts)
		// The other needs a program that cannot be built from Go modules.
		g.Expect(run || name == "help" || name == "scorecard").To(BeTrue(), "nothing runs make %s", name)
	}
}

// targetsOf are all that make is called with in a text's code.
func targetsOf(text string) []string {
	var targets []string
	code := regexp.MustCompile("(?s)```sh\n.*?```|`[^`]+`").FindAllString(text, -1)
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

// Every sample that the README links to is there.
func TestTheReadmeLinksToWhatIsThere(t *testing.T) {
	g := NewWithT(t)
	for _, link := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(read(t, "README.md"), -1) {
		_, err := os.Stat(filepath.Join("..", "..", link[1]))
		g.Expect(err).NotTo(HaveOccurred())
	}
}
