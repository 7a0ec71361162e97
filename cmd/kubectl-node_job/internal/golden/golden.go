// Package golden compares what the plugin prints with files: its tests share it.
package golden

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/onsi/gomega"
)

var update = flag.Bool("update", false, "write the golden files")

// Check compares a text with testdata/<name>.golden of the package that is tested. With -update it
// writes the file.
func Check(t *testing.T, name, got string) {
	t.Helper()
	g := gomega.NewWithT(t)
	file := filepath.Join("testdata", name+".golden")
	if *update {
		g.Expect(os.MkdirAll("testdata", 0o755)).To(gomega.Succeed())
		g.Expect(os.WriteFile(file, []byte(got), 0o644)).To(gomega.Succeed())
	}
	want, err := os.ReadFile(file)
	g.Expect(err).NotTo(gomega.HaveOccurred())
	g.Expect(got).To(gomega.Equal(string(want)), file)
}
