package logfollow

import "time"

const (
	// rotatedSize is what a log must have had before its beginning, at its present rate,
	// so that the kubelet had rotated it. The kubelet's limit is 10 MiB by default, and
	// counts what it does not serve.
	rotatedSize = 8 << 20
	// sampleSize and sampleTime are how much of a log tells its rate. Less may be one
	// long line, or the output of one command.
	sampleSize = 1 << 20
	sampleTime = 5 * time.Second
	// rotationPeriod is how often the kubelet compares the size of each file.
	rotationPeriod = 10 * time.Second
)

// beginning tells whether a log that is read for the first time begins too late. A
// container may be silent for any time before its first line, so its youth alone
// proves nothing. But a rotated log begins in the midst of many lines, at a rate that
// makes up for the time before.
type beginning struct {
	// started is when the container started, by the clock of its node, or zero if it
	// does not matter.
	started time.Time
	// requested is when the stream was requested.
	requested time.Time
	// first is the first line of the log, or zero if it does not matter.
	first time.Time
}

// read records the first line of a log. If it comes late, the container logged it
// while the stream was open, and nothing was before it.
func (b *beginning) read(now, first time.Time) {
	if now.Sub(b.requested) < lateness {
		b.first = first
	}
}

// nothing records that a stream ended without a line. If it was open for a while, the
// log began later, and nothing was rotated.
func (b *beginning) nothing(now time.Time, end streamEnd) {
	if end == streamYielded || now.Sub(b.requested) >= lateness {
		b.started = time.Time{}
	}
}

// isYoung returns whether the kubelet had a reason to rotate the log before its first
// line. size bytes were read up to the line logged at last.
func (b *beginning) isYoung(size int, last time.Time) bool {
	took := last.Sub(b.first)
	if b.first.IsZero() || b.started.IsZero() || size < sampleSize || took < sampleTime {
		return false
	}
	before := b.first.Sub(b.started)
	b.first = time.Time{} // One sample tells.
	return before >= rotationPeriod && float64(size)*before.Seconds()/took.Seconds() >= rotatedSize
}
