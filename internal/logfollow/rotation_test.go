//go:build !race

package logfollow

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// work logs a few lines, as most containers do.
func work(l *rotatedLog) {
	for range 3 {
		l.say("working")
		time.Sleep(10 * time.Second)
	}
}

// The kubelet rotated the word away: the Follower must report it, once.
func TestRotatedLogIsReported(t *testing.T) {
	tests := map[string]func(l *rotatedLog, follow func()){
		"the log grew while the terminator was away, and is empty": func(l *rotatedLog, follow func()) {
			follow()
			work(l)
			l.away(func() { l.flood(20, 50); l.say("done"); l.rotate() })
		},
		"the log grew while the terminator was away, and goes on": func(l *rotatedLog, follow func()) {
			follow()
			work(l)
			l.away(func() { l.say("done"); l.flood(15, 40); l.rotate(); l.flood(2, 5) })
		},
		"a flood was cut": func(l *rotatedLog, follow func()) {
			follow()
			l.flood(8, 20)
			l.away(func() { l.flood(8, 20); l.say("done"); l.rotate(); l.flood(1, 2) })
		},
		"a large log that was silent for long": func(l *rotatedLog, follow func()) {
			follow()
			l.flood(5, 10)
			time.Sleep(time.Hour)
			l.cut(false)
			time.Sleep(time.Second)
			l.away(func() { l.flood(8, 20); l.say("done"); l.rotate() })
		},
		"a log that was rotated before, while it was followed": func(l *rotatedLog, follow func()) {
			follow()
			l.flood(11, 20)
			l.rotate()
			time.Sleep(10 * time.Minute)
			work(l)
			l.away(func() { l.flood(12, 40); l.say("done"); l.rotate() })
		},
		"the stream did not keep up": func(l *rotatedLog, follow func()) {
			l.pause = 100 * time.Millisecond
			l.sticky = true
			follow()
			l.flood(20, 10)
			l.rotate()
			l.flood(11, 5)
			l.say("done")
			l.rotate()
		},
		"the log's beginning is too young": func(l *rotatedLog, follow func()) {
			l.say("done")
			l.flood(12, 30)
			l.rotate()
			l.flood(8, 20)
			time.Sleep(10 * time.Second)
			follow()
		},
	}
	for name, script := range tests {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			got := play(t, script)
			g.Expect(got.result).To(Equal(Stopped))
			g.Expect(got.reports).To(Equal(1))
			g.Expect(got.opened).To(BeNumerically("<", 100))
		})
	}
}

func TestWordIsFoundInARotatedLog(t *testing.T) {
	tests := map[string]struct {
		script  func(l *rotatedLog, follow func())
		reports int
	}{
		"a script that says the word every minute": {func(l *rotatedLog, follow func()) {
			follow()
			work(l)
			l.away(func() { l.say("done"); l.flood(15, 40); l.rotate() })
			time.Sleep(20 * time.Second)
			l.say("done")
		}, 0},
		"a later word after a report": {func(l *rotatedLog, follow func()) {
			follow()
			work(l)
			l.away(func() { l.say("done"); l.flood(15, 40); l.rotate() })
			time.Sleep(30 * time.Minute)
			l.say("done")
		}, 1},
		"a stream that stays with the old file": {func(l *rotatedLog, follow func()) {
			l.sticky = true
			follow()
			l.flood(11, 20)
			l.rotate()
			l.flood(2, 5)
			l.say("done")
		}, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			got := play(t, test.script)
			g.Expect(got.result).To(Equal(Found))
			g.Expect(got.reports).To(Equal(test.reports))
		})
	}
}

// A silent log is not polled: only a possible rotation makes another stream.
func TestSilentLogIsNotReadAgain(t *testing.T) {
	tests := map[string]struct {
		script func(l *rotatedLog, follow func())
		opened int
	}{
		"small": {func(l *rotatedLog, follow func()) { follow(); work(l) }, 1},
		// A check confirms that the newest file has the line that was read last.
		"large": {func(l *rotatedLog, follow func()) { follow(); l.flood(5, 10) }, 3},
		// The stream that opens too late is a check's reason, and the next one may take longer.
		"a slow API server": {func(l *rotatedLog, follow func()) {
			follow()
			work(l)
			l.slow(firstLineTimeout + 5*time.Second)
			l.cut(false)
		}, 4},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(play(t, test.script).opened).To(Equal(test.opened))
		})
	}
}

// Logs that share one stream are checked when it is their turn.
func TestRotatedLogIsReportedAlthoughOthersWait(t *testing.T) {
	g := NewWithT(t)
	got := playBeside(t, 3, func(l *rotatedLog, follow func()) {
		follow()
		work(l)
		time.Sleep(10 * time.Minute)
		l.away(func() { l.flood(12, 40); l.say("done"); l.rotate() })
	})
	g.Expect(got.reports).To(Equal(1))
	got = playBeside(t, 3, func(l *rotatedLog, follow func()) {
		follow()
		work(l)
	})
	g.Expect(got.reports).To(BeZero())
}
