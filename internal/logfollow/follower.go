package logfollow

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
)

// State is what is known of the container whose log is followed.
type State int

const (
	// Running: its log can still grow.
	Running State = iota
	// Ended: it has ended and was not started again.
	Ended
	// Restarted: it has ended, and another one runs in its place.
	Restarted
	// Gone: its log cannot be had any more.
	Gone
)

// ErrGone is what Source.Open returns when the log cannot be had any more.
var ErrGone = errors.New("the log is gone")

// Request says which part of a log is to be opened.
type Request struct {
	// Since leaves out older lines; zero leaves out none. The kubelet knows whole seconds.
	Since time.Time
	// Follow keeps the stream open while the container runs.
	Follow bool
	// Previous asks for the log of the container before the one that runs now.
	Previous bool
}

// Source is one container's log. Lines must come with timestamps.
type Source interface {
	// Open a stream. An error that is not ErrGone is tried again.
	Open(ctx context.Context, r Request) (io.ReadCloser, error)
	// State of the container, as far as it is known now.
	State() State
}

// Follower follows one container's log.
type Follower struct {
	Source Source
	// Word that is looked for.
	Word string
	// Turns bounds how many streams are open; Group is whose turn it takes.
	Turns *Turns
	Group string
	Log   logr.Logger
}

const (
	bufferSize = 4096
	// firstRetry and lastRetry bound how long a cut stream waits to be opened again.
	firstRetry = 100 * time.Millisecond
	lastRetry  = 2 * time.Second
	// slice is how long a stream is kept open while others wait for a turn.
	slice = 2 * time.Second
)

// Run follows the log until the word is found, and returns true, or until the
// whole log has been read without it. An error means that the context has ended.
//
// The end of a stream proves nothing: the container may have ended, or an API
// server on the way, or its log was rotated. What the container does decides, and
// once it has ended its log is read once more, to its end.
func (f *Follower) Run(ctx context.Context) (bool, error) {
	matcher := NewMatcher(f.Word, bufferSize)
	var since time.Time
	for retry := firstRetry; ; {
		state := f.Source.State()
		if state == Gone {
			return false, nil
		}
		outcome, err := f.read(ctx, matcher, Request{Since: since, Follow: state == Running, Previous: state == Restarted})
		switch {
		case outcome == found:
			return true, nil
		case ctx.Err() != nil:
			return false, ctx.Err()
		case errors.Is(err, ErrGone):
			return false, nil
		case outcome == ended && state != Running && f.Source.State() == state:
			return false, nil
		}
		if err != nil {
			f.Log.V(1).Info("log stream was cut, going on where it was", "reason", err.Error(), "since", since)
		}
		if progress := matcher.Since(); progress.After(since) {
			since, retry = progress, firstRetry
		}
		if outcome == yielded {
			continue // It has waited for its turn, and will again.
		}
		if !sleep(ctx, retry/2+rand.N(retry)) {
			return false, ctx.Err()
		}
		retry = min(2*retry, lastRetry)
	}
}

type result int

const (
	cut result = iota
	ended
	yielded
	found
)

// read one stream as far as it goes.
func (f *Follower) read(ctx context.Context, matcher *Matcher, r Request) (result, error) {
	if err := f.Turns.Enter(ctx, f.Group); err != nil {
		return cut, err
	}
	defer f.Turns.Leave()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := f.Source.Open(ctx, r)
	if err != nil {
		return cut, err
	}
	defer func() { _ = stream.Close() }() // It was read as far as it goes.
	streamsOpen.Inc()
	defer streamsOpen.Dec()

	var gaveUp atomic.Bool
	if r.Follow {
		go f.giveUpWhenContended(ctx, cancel, &gaveUp)
	}
	matcher.Reset()
	for {
		n, err := stream.Read(matcher.Space())
		if n > 0 && matcher.Advance(n) {
			return found, nil
		}
		switch {
		case gaveUp.Load():
			return yielded, nil
		case errors.Is(err, io.EOF):
			// The end of a stream that follows may be a cut one, too: nothing says which.
			if !r.Follow && matcher.End() {
				return found, nil
			}
			return ended, nil
		case err != nil:
			return cut, err
		}
	}
}

// giveUpWhenContended ends the stream when it has had its time and others wait.
func (f *Follower) giveUpWhenContended(ctx context.Context, cancel context.CancelFunc, gaveUp *atomic.Bool) {
	ticker := time.NewTicker(slice)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if f.Turns.Contended() {
				gaveUp.Store(true)
				cancel()
				return
			}
		}
	}
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
