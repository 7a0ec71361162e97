package main

import (
	"testing"

	. "github.com/onsi/gomega"
)

// statLine is a line of /proc/PID/stat whose command name has a space and parentheses.
const statLine = "4711 (a (b) c) S 1 4711 4711 0 -1 4194560 100 0 0 0 150 25 0 0 20 0 9 0 12345 1000 200 18446744073709551615 1 1 0"

const statusText = "Name:\ta\nVmPeak:\t  900000 kB\nVmHWM:\t   65536 kB\nVmRSS:\t   32768 kB\nThreads:\t9\n"

func TestUsageIsReadFromProc(t *testing.T) {
	g := NewWithT(t)
	g.Expect(parseUsage(statLine, statusText)).To(Equal(usage{CPU: 1.75, PeakMemory: 64, memory: 32}))
	for name, wrong := range map[string][2]string{
		"no name":      {"4711 a S 1", statusText},
		"a short line": {"4711 (a) S 1 2 3", statusText},
		"no numbers":   {"4711 (a) S 1 2 3 4 5 6 7 8 9 10 x y z", statusText},
		"no memory":    {statLine, "Name:\ta\n"},
	} {
		_, err := parseUsage(wrong[0], wrong[1])
		g.Expect(err).To(HaveOccurred(), name)
	}
}

func TestUsageSinceIsADifferenceOfTimesNotOfSizes(t *testing.T) {
	g := NewWithT(t)
	g.Expect(usage{CPU: 3, PeakMemory: 64, memory: 32}.since(usage{CPU: 1, PeakMemory: 60, memory: 30})).
		To(Equal(usage{CPU: 2, PeakMemory: 64, memory: 32}))
}

func TestAProgramIsStartedWatchedAndStopped(t *testing.T) {
	g := NewWithT(t)
	p, err := start(t.TempDir(), "sleeper", []string{"MARK=yes"}, "sh", "-c", `test "$MARK" = yes && exec sleep 60`)
	g.Expect(err).NotTo(HaveOccurred())
	u, err := p.usage()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(u.PeakMemory).To(BeNumerically(">", 0))
	g.Expect((&operator{manager: p, terminator: p}).alive()).To(Succeed())
	p.stop()
	g.Expect((&operator{manager: p, terminator: p}).alive()).To(MatchError(ContainSubstring("sleeper has ended")))
	_, err = p.usage()
	g.Expect(err).To(MatchError(ContainSubstring("sleeper has ended")))

	_, err = start(t.TempDir(), "nothing", nil, "/no/such/program")
	g.Expect(err).To(MatchError(ContainSubstring("starting nothing")))
}
