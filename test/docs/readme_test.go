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

func TestTheReadmeShowsTheSampleAndItsScript(t *testing.T) {
	g := NewWithT(t)
	readme := read(t, "README.md")
	g.Expect(readme).To(ContainSubstring("```yaml\n" + read(t, "config/samples/daemonset_v1beta1_job.yaml") + "```"))
	g.Expect(readme).To(ContainSubstring("```sh\n" + read(t, "config/samples/cleanup/cleanup.sh") + "```"))
}

// Every target that the README names is there, and run by the tests.
func TestTheReadmeNamesTargetsThatAreRun(t *testing.T) {
	g := NewWithT(t)
	makefiles := read(t, "Makefile") + read(t, "test/cluster/cluster.mk")
	scripts := makefiles + read(t, ".ci/run")
	for _, script := range []string{"demo", "lib", "test", "test-e2e"} {
		scripts += read(t, "hack/"+script+".sh")
	}
	targets := regexp.MustCompile(`make\s+([a-z][a-z0-9-]+)`).FindAllStringSubmatch(read(t, "README.md"), -1)
	g.Expect(targets).NotTo(BeEmpty())
	for _, target := range targets {
		name := target[1]
		g.Expect(makefiles).To(MatchRegexp(`(?m)^`+name+`:`), "make %s", name)
		run := strings.Contains(scripts, name+".sh") || regexp.MustCompile(`make\s+(-s\s+)?`+name+`\b`).MatchString(scripts)
		g.Expect(run || name == "help").To(BeTrue(), "nothing runs make %s", name)
	}
}

// Every sample that the README links to is there.
func TestTheReadmeLinksToWhatIsThere(t *testing.T) {
	g := NewWithT(t)
	for _, link := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(read(t, "README.md"), -1) {
		_, err := os.Stat(filepath.Join("..", "..", link[1]))
		g.Expect(err).NotTo(HaveOccurred())
	}
}
