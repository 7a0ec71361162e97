package main

import (
	"debug/buildinfo"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

// TestEachModuleOfAProgramIsThere builds the operator, as the image has it.
func TestEachModuleOfAProgramIsThere(t *testing.T) {
	g, folder := NewWithT(t), t.TempDir()
	program, file := filepath.Join(folder, "manager"), filepath.Join(folder, "licenses", "all.txt")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-ldflags", "-s -w", "-o", program, "../../cmd").CombinedOutput()
	g.Expect(err).NotTo(HaveOccurred(), string(out))
	g.Expect(write(program, file)).To(Succeed())
	data, err := os.ReadFile(file)
	g.Expect(err).NotTo(HaveOccurred())
	text := string(data)
	info, err := buildinfo.ReadFile(program)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(len(info.Deps)).To(BeNumerically(">", 20))
	for _, dependency := range info.Deps {
		g.Expect(text).To(MatchRegexp(`(?mi)^%s %s licen[cs]e`, regexp.QuoteMeta(dependency.Path), regexp.QuoteMeta(dependency.Version)))
	}
	g.Expect(text).To(ContainSubstring(runtime.Version() + " LICENSE\n"))
	g.Expect(text).To(And(ContainSubstring("Apache License"), ContainSubstring("The Go Authors")))
	g.Expect(write(program, file)).To(Succeed())
	again, err := os.ReadFile(file)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(again)).To(Equal(text), "an image is the same each time")
}

func TestCollect(t *testing.T) {
	g, root := NewWithT(t), t.TempDir()
	for path, text := range map[string]string{
		"a/LICENSE": "first\n", "b/License.md": "first", "b/third_party/COPYING": "second", "b/testdata/LICENSE": "no", "b/license.go": "no", "b/NOTICE.txt": "third", "c/README": "no", "d/UNLICENSE": "fourth",
	} {
		file := filepath.Join(root, path)
		g.Expect(os.MkdirAll(filepath.Dir(file), 0o750)).To(Succeed())
		g.Expect(os.WriteFile(file, []byte(text), 0o600)).To(Succeed())
	}
	a, b, c := module{"a v1", filepath.Join(root, "a")}, module{"b v2", filepath.Join(root, "b")}, module{"c v3", filepath.Join(root, "c")}
	d := module{"d v4", filepath.Join(root, "d")}
	text, err := collect([]module{b, d, a})
	g.Expect(err).NotTo(HaveOccurred())
	line := strings.Repeat("=", 80) + "\n"
	g.Expect(string(text)).To(Equal(line + "a v1 LICENSE\nb v2 License.md\n\nfirst\n\n" +
		line + "b v2 NOTICE.txt\n\nthird\n\n" + line + "b v2 third_party/COPYING\n\nsecond\n\n" + line + "d v4 UNLICENSE\n\nfourth\n\n"))
	_, err = collect([]module{a, c})
	g.Expect(err).To(MatchError(ContainSubstring("c v3 has no licence")))
}
