package logfollow

import "time"

// quantum is the least that a stream reads before it ends its turn for a debt. It bounds the
// requests for streams: a smaller one would spend the budget in many short streams.
const quantum = 1 << 20

// spending tells when a stream must end its turn because its Job is overdrawn. The stream is
// never read more slowly instead: the kubelet passes over the files that it rotates while a
// reader is slow, without a sign.
//
// A resumed stream begins with the second of its last line. So a turn ends in a later second
// than it began, or a log with many lines in a second would be read up to the same line each
// time. A line without end has one timestamp: its turn ends after the slice, which grows.
type spending struct {
	turn  *Turn
	slice time.Duration
	// read is how many bytes the stream got.
	read int
	// since is when the Job became overdrawn, or zero if it is not.
	since time.Time
}

// received records n bytes of a stream whose first and last lines have these timestamps. It
// returns whether the turn must end.
func (s *spending) received(now time.Time, n int, first, last time.Time) bool {
	s.read += n
	if !s.turn.Spend(n) {
		s.since = time.Time{}
		return false
	}
	if s.since.IsZero() {
		s.since = now
	}
	resumable := !first.IsZero() && first.Unix() != last.Unix()
	return s.read >= quantum && (resumable || now.Sub(s.since) >= s.slice)
}

// expected returns how much the next stream will probably read, after one that ended so.
func (s *spending) expected(end streamEnd) int {
	if end == streamOverdrawn {
		return s.read
	}
	return 0
}
