package gitops

import (
	"testing"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

// Flux and Helm wait by kstatus.
func TestKstatus(t *testing.T) {
	for name, c := range cases(t) {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			result, err := status.Compute(object(t, c.job))
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(result.Status.String()).To(Equal(c.read.kstatus), result.Message)
			g.Expect(result.Message).NotTo(BeEmpty())

			result, err = status.Compute(object(t, deleted(c.job)))
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(result.Status).To(Equal(status.TerminatingStatus))
		})
	}
}
