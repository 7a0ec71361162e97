package openshift

import (
	"testing"

	. "github.com/onsi/gomega"
)

func TestFirst(t *testing.T) {
	for version, want := range map[string]string{
		"1.30.0": "v4.17", "1.30": "v4.17", "1.16.0": "v4.3", "1.33.0": "v4.20", "1.30.1": "v4.18",
	} {
		t.Run(version, func(t *testing.T) {
			g := NewWithT(t)
			minor, err := First(version)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(Name(minor)).To(Equal(want))
			again, err := Minor(want)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(again).To(Equal(minor))
		})
	}
	for _, version := range []string{"", "2.0.0", "1.15.0", "thirty"} {
		t.Run("refused "+version, func(t *testing.T) {
			_, err := First(version)
			NewWithT(t).Expect(err).To(MatchError(ContainSubstring("minKubeVersion")))
		})
	}
	NewWithT(t).Expect(Kubernetes(17).String()).To(Equal("1.30.0"))
}

func TestMinorRefuses(t *testing.T) {
	for _, name := range []string{"v5.0", "newest"} {
		_, err := Minor(name)
		NewWithT(t).Expect(err).To(MatchError(ContainSubstring(name)))
	}
}
