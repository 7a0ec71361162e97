package logfollow

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"time"

	"github.com/go-logr/logr"
)

// State is what is known of the container whose log is followed.
type State int

const (
	// Running says that its log can still grow.
	Running State = iota
	// Ended says that its log does not grow any more.
	Ended
	// Gone says that its log is no longer asked for by this container's name.
	Gone
)

// ErrNoLog is wrapped by errors of Source.Open that say that there is no such log.
var ErrNoLog = errors.New("there is no such log")

// Source is one container's log. Lines must come with timestamps.
type Source interface {
	// Open a stream of the lines since then, or of all, which stays open while the
	// container runs if it is to follow.
	Open(ctx context.Context, since time.Time, follow bool) (io.ReadCloser, error)
	// State of the container, as far as it is known now.
	State() State
}

// Result is how following a log came to its end.
type Result int

const (
	// Stopped says that the context ended.
	Stopped Result = iota
	// Found says that the container logged the word.
	Found
	// ReadToTheEnd says that the container ended and had not logged the word.
	ReadToTheEnd
	// Lost says that the log is Gone.
	Lost
)

// Follower follows one container's log.
type Follower struct {
	Source Source
	// Word that is looked for.
	Word string
	// Limiter bounds how many streams are open; Group is whose turn it takes.
	Limiter *FairLimiter
	Group   string
	Log     logr.Logger
}

const (
	bufferSize = 4096
	// maxRefusals is how often an ended container's log is asked for when it is
	// refused: it may have been removed together with the container.
	maxRefusals = 10
	// longStream is how long a stream has to last to count as progress in itself.
	longStream = 10 * time.Second
	// loggedTries is how many failures in a row are worth a line in our own log.
	loggedTries = 5
)

// tail is what a stream had at its end.
type tail struct {
	since   time.Time
	pending bool
}

// Run follows the log until the word is found, or the whole log has been read
// without it, or the context ends.
//
// Since the end of a stream proves nothing, what the container does decides
// whether to go on. And what counts only because nothing follows it, the end of
// the log or a word with no line break behind it, counts when two streams in a
// row end alike.
func (f *Follower) Run(ctx context.Context) Result {
	matcher, slice := NewMatcher(f.Word, bufferSize), defaultSlice
	var last *tail
	for tries := 0; ; {
		state, since := f.Source.State(), matcher.Since()
		if state == Gone {
			return Lost
		}
		start := time.Now()
		end, err := f.read(ctx, matcher, &slice, state == Running && (last == nil || !last.pending))
		now := tail{matcher.Since(), matcher.Pending()}
		tries++
		switch {
		case end == wordFound:
			return Found
		case ctx.Err() != nil:
			return Stopped
		case end == streamYielded:
			last, tries = nil, 0
			continue // It has waited for its turn, and will again.
		case end == streamEnded && last != nil && *last == now && (now.pending || state == Ended && f.Source.State() == Ended):
			if now.pending {
				return Found
			}
			return ReadToTheEnd
		case end == streamEnded:
			last = &now
		default:
			last = nil
		}
		if err != nil {
			if errors.Is(err, ErrNoLog) && state == Ended && tries >= maxRefusals {
				f.Log.Info("the log of the ended container cannot be had any more", "reason", err.Error())
				return ReadToTheEnd
			}
			f.logFailure(tries, err)
		}
		if now.since.After(since) || time.Since(start) > longStream {
			tries = 0
		}
		if !sleep(ctx, backoff(tries)) {
			return Stopped
		}
	}
}

// logFailure tells of a failure. A few in a row are normal, when an API server restarts or a
// container has only just started.
func (f *Follower) logFailure(tries int, err error) {
	if tries == loggedTries {
		f.Log.Info("the log cannot be read, trying on", "reason", err.Error())
		return
	}
	f.Log.V(1).Info("the log stream was cut, going on where it was", "reason", err.Error())
}

// backoff before a log is opened again, after so many times without progress:
// from 100 ms to 2 s, and up to 10 s when a node has been away for a minute.
func backoff(tries int) time.Duration {
	const first, usual, last, slowAfter = 100 * time.Millisecond, 2 * time.Second, 10 * time.Second, 30
	longest := usual
	if tries > slowAfter {
		longest = last
	}
	d := min(first<<min(max(tries-1, 0), 10), longest)
	return d/2 + rand.N(d/2+1)
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
