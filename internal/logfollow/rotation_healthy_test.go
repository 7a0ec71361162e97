//go:build !race

package logfollow

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// Nothing was lost, or the container is at work, and may say its word at any time.
func TestHealthyLogIsNotReported(t *testing.T) {
	tests := map[string]func(l *rotatedLog, follow func()){
		"a silent container": func(_ *rotatedLog, follow func()) { follow() },
		"a container that was silent before its first line": func(l *rotatedLog, follow func()) {
			time.Sleep(10 * time.Minute)
			l.say("working")
			follow()
		},
		"a silent container that then logs very much": func(l *rotatedLog, follow func()) {
			follow()
			time.Sleep(time.Minute)
			l.flood(20, 60)
		},
		"a silent container that logs very much once its stream was cut": func(l *rotatedLog, follow func()) {
			follow()
			time.Sleep(time.Minute)
			l.away(func() { l.flood(1, 3) })
			l.flood(20, 60)
		},
		"a small log whose streams are cut": func(l *rotatedLog, follow func()) {
			follow()
			for range 10 {
				work(l)
				l.cut(false)
				time.Sleep(10 * time.Minute)
			}
		},
		"an empty log whose streams are cut": func(l *rotatedLog, follow func()) {
			follow()
			for range 10 {
				l.cut(false)
				time.Sleep(10 * time.Minute)
			}
		},
		"a large log, rotated while it was followed": func(l *rotatedLog, follow func()) {
			follow()
			l.flood(11, 20)
			time.Sleep(5 * time.Second)
			l.rotate()
			time.Sleep(10 * time.Minute)
			l.cut(false)
		},
		"a large log, cut and then rotated": func(l *rotatedLog, follow func()) {
			follow()
			l.flood(11, 20)
			time.Sleep(5 * time.Second)
			l.cut(false)
			time.Sleep(time.Second)
			l.rotate()
			time.Sleep(10 * time.Minute)
			l.cut(false)
		},
		"a large log, rotated while it was followed, that goes on while its stream is cut": func(l *rotatedLog, follow func()) {
			follow()
			l.flood(11, 20)
			l.rotate()
			time.Sleep(10 * time.Minute)
			l.away(func() { l.say("working"); time.Sleep(time.Second) })
		},
		"a large log that grows after a silence, and is then rotated": func(l *rotatedLog, follow func()) {
			follow()
			l.flood(5, 10)
			time.Sleep(10 * time.Minute)
			l.flood(6, 10)
			l.rotate()
			time.Sleep(time.Minute)
			l.cut(false)
		},
		"a large log that is rotated again and again": func(l *rotatedLog, follow func()) {
			follow()
			for range 5 {
				l.flood(11, 60)
				l.rotate()
			}
		},
		"a lost part, and a container that logs on": func(l *rotatedLog, follow func()) {
			follow()
			work(l)
			l.away(func() { l.flood(15, 40); l.rotate() })
			for range 120 {
				l.say("working")
				time.Sleep(time.Minute)
			}
			l.end()
		},
		"a lost part, and a container that logs on while its node does not answer": func(l *rotatedLog, follow func()) {
			follow()
			work(l)
			l.away(func() { l.flood(15, 40); l.rotate() })
			l.say("working")
			time.Sleep(lossTimeout - firstLineTimeout/2)
			l.slow(10 * time.Minute)
			l.cut(false)
			l.say("working")
			time.Sleep(10 * time.Minute)
			l.end()
		},
		"a lost part, and a pod that is deleted": func(l *rotatedLog, follow func()) {
			follow()
			work(l)
			l.away(func() { l.flood(15, 40); l.rotate() })
			time.Sleep(time.Minute)
			l.end()
		},
		"the next run of a container that the kubelet started again": func(l *rotatedLog, follow func()) {
			follow()
			work(l)
			l.away(func() { l.rotate(); l.say("working") })
			time.Sleep(10 * time.Second)
			l.end()
		},
		"a node that is unreachable": func(l *rotatedLog, follow func()) {
			follow()
			work(l)
			l.cut(true)
		},
	}
	for name, script := range tests {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(play(t, script).reports).To(BeZero())
		})
	}
}
