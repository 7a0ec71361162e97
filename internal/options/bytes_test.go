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
