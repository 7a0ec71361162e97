package operator

import (
	"os"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/internal/options"
)

func TestNameOfTheInstallation(t *testing.T) {
	g := NewWithT(t)
	host, err := os.Hostname()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(Installation(options.NewManager())).To(Equal(host))
	g.Expect(Installation(&options.Manager{Installation: "ns/name"})).To(Equal("ns/name"))
}
