package main

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"testing"

	. "github.com/onsi/gomega"
)

// checked checks this test's own program against a toolchain line.
func checked(t *testing.T, line string) error {
	t.Helper()
	g := NewWithT(t)
	goMod := filepath.Join(t.TempDir(), "go.mod")
	g.Expect(os.WriteFile(goMod, []byte("module example.com/a\n\ngo 1.26.0\n"+line), 0o600)).To(Succeed())
	program, err := os.Executable()
	g.Expect(err).NotTo(HaveOccurred())
	return check(goMod, []string{program})
}

func TestAnOlderGoIsRefused(t *testing.T) {
	g := NewWithT(t)
	g.Expect(checked(t, "toolchain "+runtime.Version())).To(Succeed())
	g.Expect(checked(t, "toolchain go1.26.0")).To(Succeed())
	g.Expect(checked(t, "toolchain go1.999.1")).To(MatchError(ContainSubstring("asks for go1.999.1 or newer")))
	g.Expect(checked(t, "")).To(MatchError(ContainSubstring("has no toolchain line")))
	g.Expect(check("../../go.mod", []string{"main.go"})).To(MatchError(ContainSubstring("reading the Go of main.go")))
}

// TestImagesHaveOneToolchain compares the modules whose programs are in images.
func TestImagesHaveOneToolchain(t *testing.T) {
	g := NewWithT(t)
	toolchain := func(goMod string) string {
		data, err := os.ReadFile(goMod)
		g.Expect(err).NotTo(HaveOccurred())
		return regexp.MustCompile(`(?m)^toolchain go1.*$`).FindString(string(data))
	}
	g.Expect(toolchain("../../go.mod")).NotTo(BeEmpty())
	g.Expect(toolchain("../../test/go.mod")).To(Equal(toolchain("../../go.mod")))
}
