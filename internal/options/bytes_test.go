package options

import (
	"testing"

	. "github.com/onsi/gomega"
)

func TestLogBytes(t *testing.T) {
	for text, want := range map[string]Bytes{"0": 0, "64Ki": 64 << 10, " 1M ": 1_000_000, "65536": 64 << 10, "1.5Mi": 3 << 19, "1Ti": 1 << 40, "1e6": 1_000_000} {
		t.Run(text, func(t *testing.T) {
			g := NewWithT(t)
			g.Expect(terminator(t, environment{"LOG_BYTES_PER_SECOND": text}).LogBytesPerSecond).To(Equal(want))
			g.Expect(terminator(t, nil, "--log-bytes-per-second="+want.String()).LogBytesPerSecond).To(Equal(want), want.String())
		})
	}
	for _, text := range []string{"", "-1", "1", "65535", "64", "2Ti", "1e30", "many", "64MiB", "64m", "1n"} {
		t.Run("refused "+text, func(t *testing.T) {
			_, err := parseLogBytes(text)
			NewWithT(t).Expect(err).To(MatchError(ContainSubstring("from 64Ki to 1Ti, such as 64Mi, or 0 for no limit")))
		})
	}
}

// The downward API writes whole bytes.
func TestMemoryLimit(t *testing.T) {
	g := NewWithT(t)
	g.Expect(terminator(t, nil).MemoryLimit).To(BeZero(), "it is unknown outside a pod")
	for text, want := range map[string]Bytes{"0": 0, "": 0, "268435456": 256 << 20, "256Mi": 256 << 20, "16Mi": 16 << 20, "25283207168": 25283207168} {
		g.Expect(terminator(t, environment{"MEMORY_LIMIT": text}).MemoryLimit).To(Equal(want), text)
	}
	g.Expect(terminator(t, environment{"MEMORY_LIMIT": "1Gi"}, "--memory-limit=2Gi").MemoryLimit).To(Equal(Bytes(2 << 30)))
	for _, text := range []string{"-1", "1", "256", "2Pi", "1e30", "much", "256MiB", "230M iB"} {
		_, err := parseMemory(text)
		g.Expect(err).To(MatchError(ContainSubstring("from 16Mi to 1Pi, such as 256Mi, or 0 for no limit")), text)
	}
}
