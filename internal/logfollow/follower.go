package logfollow

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"time"

	"github.com/go-logr/logr"
)

// State is the state of the container whose log is followed.
type State int

const (
	// Running means that the log can still grow.
	Running State = iota
	// Ended means that the log does not grow any more.
	Ended
	// Gone means that this container's log can no longer be requested.
	Gone
)

// ErrNoLog is wrapped by an error of Source.Open when the log does not exist.
var ErrNoLog = errors.New("there is no such log")

// Source is the log of one container. Each line must begin with its timestamp.
type Source interface {
	// Open opens a stream of the lines since that time, or of all lines if it is
	// zero. With follow the stream stays open while the container runs.
	Open(ctx context.Context, since time.Time, follow bool) (io.ReadCloser, error)
	// State returns the last observed state of the container.
	State() State
	// Started returns when the container started, or zero if that is unknown.
	Started() time.Time
}

// Result is why a Follower stopped.
type Result int

const (
	// Stopped means that the context ended.
	Stopped Result = iota
	// Found means that the container logged the word.
	Found
	// ReadToTheEnd means that the container ended without having logged the word.
	ReadToTheEnd
	// Lost means that the container is Gone.
	Lost
)

// Follower follows the log of one container.
type Follower struct {
	Source Source
	// Word is the word to find.
	Word string
	// Limiter bounds the number of open streams. It shares them between namespaces and Jobs.
	Limiter *FairLimiter
	Group   Group
	// Log returns the logger. A logger with values takes a kilobyte, so Follower makes none
	// until there is a message.
	Log func() logr.Logger
	// Rotated is called when the kubelet has probably rotated the log before it was
	// read, and the container is silent. Follower then continues to follow the log.
	Rotated func()

	// Rest gets what the container logged after the word, nil if that does not matter. It must
	// not be read before Run returned.
	Rest *Rest

	// expected is how much the next stream will probably read.
	expected int
	// open is how long the last stream was open, 0 if it did not open.
	open time.Duration
}

const (
	bufferSize = 4096
	// maxRefusals bounds the tries to open the log of an ended container after ErrNoLog:
	// the kubelet may have removed the log together with the container.
	maxRefusals = 10
	// longStream is the time from which an open stream counts as progress. A request that is
	// refused after a long time, as by a host that does not answer, does not.
	longStream = 10 * time.Second
	// loggedTries is the number of failures in a row after which Follower logs one.
	loggedTries = 5
)

// tail is the timestamp of the last line of a stream, and whether the word ended it.
type tail struct {
	since   time.Time
	pending bool
}

// equal returns whether two streams ended alike. It compares times with Equal, since
// time.Parse returns a new location for each time whose zone is not a whole hour.
func (t *tail) equal(other tail) bool {
	return t.since.Equal(other.since) && t.pending == other.pending
}

// Run follows the log until it finds the word, reads the log of an ended container
// to its end, or ctx ends.
//
// The end of a stream does not prove the end of the log, so the state of the
// container decides whether to open another one. Run accepts the end of the log, or
// a word without a line break, after two streams in a row have ended with the same tail.
func (f *Follower) Run(ctx context.Context) Result {
	matcher, slice, rotation := NewMatcher(f.Word, bufferSize, f.Rest), defaultSlice, newRotation(f.Source.Started())
	var last *tail
	for tries := 0; ; {
		state, since := f.Source.State(), matcher.Since()
		if state == Gone {
			return Lost
		}
		follow := state == Running && (last == nil || !last.pending) && !rotation.checking
		end, err := f.read(ctx, matcher, rotation, slice, follow)
		rotation.closed(time.Now(), end)
		now := tail{matcher.Since(), matcher.Pending()}
		slice = nextSlice(slice, end, now.since.Truncate(time.Second).After(since))
		tries++
		switch {
		case end == wordFound:
			return Found
		case ctx.Err() != nil:
			return Stopped
		case matcher.Open():
			f.readRest(ctx, matcher, rotation)
			return Found
		case end == streamYielded || end == streamOverdrawn:
			last, tries = nil, 0
			continue // The next read waits in Acquire, so no backoff is needed.
		case end == streamSilent:
			last, tries = nil, 0
			if rotation.silent() && f.Source.State() == Running {
				f.Rotated()
			}
			continue
		case end == streamEnded && last != nil && last.equal(now) && (now.pending || state == Ended && f.Source.State() == Ended):
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
				f.Log().Info("Gave up reading log of ended container", "reason", err.Error())
				return ReadToTheEnd
			}
			f.logFailure(tries, err)
		}
		if now.since.After(since) || f.open > longStream {
			tries = 0
		}
		if !sleep(ctx, backoff(tries)) {
			return Stopped
		}
	}
}

// logFailure logs a failure once at the default level. A few failures in a row are
// normal when the API server restarts or a container has just started.
func (f *Follower) logFailure(tries int, err error) {
	if tries == loggedTries {
		f.Log().Info("Failed to read log, retrying", "reason", err.Error())
		return
	}
	f.Log().V(1).Info("Lost log stream, resuming", "reason", err.Error())
}

// backoff returns how long to wait after so many tries without progress. It grows
// from 100 ms to 2 s, and to 10 s when a node has been unreachable for a minute.
func backoff(tries int) time.Duration {
	const first, usual, slow, slowAfter = 100 * time.Millisecond, 2 * time.Second, 10 * time.Second, 30
	longest := usual
	if tries > slowAfter {
		longest = slow
	}
	d := min(first<<min(max(tries-1, 0), 10), longest)
	return d/2 + rand.N(d/2+1)
}

// sleep waits for d and returns true, or returns false when ctx ends first.
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
