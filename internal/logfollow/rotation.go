package logfollow

import (
	"math"
	"time"
)

const (
	// smallLog is less than the kubelet lets a file grow before it rotates it, which
	// is 10 MiB by default.
	smallLog = 1 << 20
	// settledAfter is how long a log that was silent is not rotated any more. The
	// kubelet compares the size of each file every 10 s.
	settledAfter = 30 * time.Second
	// lateness is the delay from which a stream does not keep up with its log.
	lateness = 5 * time.Second
	// busyGap is the longest time between two lines of a busy log.
	busyGap = 100 * time.Millisecond
	// disorder is how much earlier than the line before it a line may be. The
	// container runtime takes the time of a line before it writes it.
	disorder = time.Second
	// firstLineTimeout is how long the line that was read last may take to come again.
	firstLineTimeout = 10 * time.Second
	// lossTimeout is how long a log must be silent before a possible loss is reported:
	// a container that logs on is at work, and one that repeats its word every minute
	// is found.
	lossTimeout = 2 * time.Minute
)

// rotation notices that lines may have been rotated away before they were read. The
// kubelet serves only the newest file of a log, and does not tell whether there were
// others. The line that was read last tells: a resumed stream begins with it, or the
// kubelet has rotated the log. That alone proves no loss, as it may have been the last
// line of its file. gap decides that.
type rotation struct {
	beginning beginning
	// last is the newest timestamp that was read, and heard is when it was received.
	last, heard time.Time
	// delay is the time from last to heard, and leastDelay the shortest one of the
	// run. Both contain the difference between the clocks.
	delay, leastDelay time.Duration
	// anchored means that the newest file must have the line that was read last.
	anchored bool
	// size is at least how much of the newest file was read.
	size int
	// settled means that the kubelet had time to rotate the file, and did not.
	settled bool
	// busy means that a stream ended while lines came in.
	busy bool

	// checking means that the next stream must only show whether the line that was
	// read last is still there.
	checking bool
	// checked means that the last stream showed it.
	checked bool
	// emptyChecks counts the checks in a row that got nothing at all.
	emptyChecks int
	// suspected means that lines were probably lost, and that this was not reported yet.
	suspected bool

	// stream is what the present stream got: anything, and a line with a timestamp.
	stream struct{ received, hasLine bool }
}

// newRotation returns a rotation for the log of a container that started at that time.
func newRotation(started time.Time) *rotation {
	return &rotation{beginning: beginning{started: started}, leastDelay: math.MaxInt64}
}

// opening records that a stream is requested.
func (r *rotation) opening(now time.Time) {
	r.stream.received, r.stream.hasLine = false, false
	r.beginning.requested = now
}

// received records n bytes of a stream whose first and last lines have these timestamps.
func (r *rotation) received(now time.Time, n int, first, last time.Time) {
	r.stream.received = true
	r.size += n
	if !r.stream.hasLine && !first.IsZero() {
		r.stream.hasLine = true
		r.compare(now, first)
	}
	if !last.After(r.last) {
		return
	}
	r.last, r.heard, r.delay = last, now, now.Sub(last)
	r.leastDelay = min(r.leastDelay, r.delay)
	r.anchored, r.settled = true, false
	r.suspected = r.suspected || r.beginning.isYoung(r.size, last)
}

// compare compares the first line of a stream with the line that was read last.
func (r *rotation) compare(now, first time.Time) {
	switch {
	case r.last.IsZero():
		r.beginning.read(now, first)
	case !r.anchored: // The newest file was empty.
	case first.After(r.last.Add(disorder)):
		r.gap()
	case now.Sub(r.heard) > settledAfter:
		r.settled = true
	}
}

// gap records that the newest file does not have the line that was read last, and
// suspects a loss unless that line may have been the last one of its file. It was
// not if the kubelet had no reason yet to rotate that file, if the stream ended
// while lines came in, or if it did not keep up with the log.
func (r *rotation) gap() {
	due := r.size >= smallLog && !r.settled
	late := r.delay-r.leastDelay > lateness
	r.suspected = r.suspected || !due || r.busy || late
	r.anchored, r.size = false, 0
}

// closed records how a stream ended.
func (r *rotation) closed(now time.Time, end streamEnd) {
	if r.stream.hasLine {
		r.busy = now.Sub(r.heard) <= busyGap
	} else {
		r.beginning.nothing(now, end)
	}
	r.checked = r.checking && r.stream.hasLine
	if !r.checking {
		return
	}
	// The API server ends a stream in the same way when its connection to the kubelet
	// breaks, so one empty stream proves nothing.
	if end == streamEnded && !r.stream.received {
		r.emptyChecks++
	} else {
		r.checking, r.emptyChecks = false, 0
	}
	if r.emptyChecks == 2 {
		r.checking, r.emptyChecks = false, 0
		r.gap()
	}
}

// patience returns how long the stream may be silent, or zero if without limit.
func (r *rotation) patience(now time.Time) time.Duration {
	switch {
	case r.awaitsLine():
		return firstLineTimeout
	case r.suspected:
		return max(firstLineTimeout, lossTimeout-now.Sub(r.heard))
	case r.size >= smallLog && !r.settled:
		// The kubelet may have rotated the log, and may even follow the old file.
		return settledAfter
	default:
		return 0
	}
}

// awaitsLine returns whether the stream must still show the line that was read last.
func (r *rotation) awaitsLine() bool {
	return r.anchored && !r.stream.hasLine && !r.checked
}

// silent decides what follows a stream that was silent for longer than patience. It
// returns whether to report a loss. If not, the next stream is a check.
func (r *rotation) silent() (lost bool) {
	lost = r.suspected && !r.awaitsLine()
	r.suspected = r.suspected && !lost
	r.checking = !lost
	return lost
}
