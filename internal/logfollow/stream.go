package logfollow

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

const (
	// slice is how long a stream may be open while others wait for a turn.
	slice = 2 * time.Second
	// longestSlice is how long a stream may at most take to be opened then.
	longestSlice = 8 * slice
	// quiet is how long nothing must follow a word without a line break, in a
	// container that runs, before the log is asked whether that was all.
	quiet = time.Second
)

// how a stream ended.
type how int

const (
	cut how = iota
	ended
	yielded
	found
)

// turn is what one follower has of its turns.
type turn struct{ slice time.Duration }

func newTurn() *turn { return &turn{slice: slice} }

// read one stream as far as it goes.
func (f *Follower) read(ctx context.Context, matcher *Matcher, turn *turn, follow bool) (how, error) {
	if err := f.Turns.Enter(ctx, f.Group); err != nil {
		return cut, err
	}
	defer f.Turns.Leave()
	streamsOpen.Inc()
	defer streamsOpen.Dec()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	matcher.Reset()

	watch := newWatch(f.Turns, cancel, turn.slice)
	defer watch.stop()
	stream, err := f.Source.Open(ctx, matcher.Since(), follow)
	if err != nil {
		if watch.cause() == yielded {
			// An API server that is slow must be given the time, or nobody gets anywhere.
			turn.slice = min(2*turn.slice, longestSlice)
			return yielded, nil
		}
		return cut, err
	}
	turn.slice = slice
	defer func() { _ = stream.Close() }() // It was read as far as it goes.
	for {
		n, err := stream.Read(matcher.Space())
		if n > 0 {
			if matcher.Advance(n) {
				return found, nil
			}
			watch.heard(follow && matcher.Pending())
		}
		switch cause := watch.cause(); {
		case cause != cut:
			return cause, nil
		case errors.Is(err, io.EOF):
			return ended, nil
		case err != nil:
			return cut, err
		}
	}
}

// watch ends a stream for reasons of time: when it has had its slice and others
// wait, and when nothing follows a word that nothing has decided yet.
type watch struct {
	turns  *Turns
	cancel context.CancelFunc
	slice  time.Duration

	mu     sync.Mutex
	reason how
	yield  *time.Timer
	silent *time.Timer
}

func newWatch(turns *Turns, cancel context.CancelFunc, slice time.Duration) *watch {
	w := &watch{turns: turns, cancel: cancel, slice: slice}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.yield = time.AfterFunc(slice, w.sliceIsOver)
	return w
}

func (w *watch) sliceIsOver() {
	contended := w.turns.Contended()
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.yield == nil: // It was stopped.
	case contended:
		w.end(yielded)
	default:
		w.yield.Reset(w.slice)
	}
}

// heard something. undecided: it ends with the word.
func (w *watch) heard(undecided bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.silent != nil {
		w.silent.Stop()
		w.silent = nil
	}
	if undecided {
		var timer *time.Timer
		timer = time.AfterFunc(quiet, func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			if w.silent == timer {
				w.end(ended)
			}
		})
		w.silent = timer
	}
}

// end the stream for this reason, unless there was one already.
func (w *watch) end(reason how) {
	if w.reason == cut {
		w.reason = reason
		w.cancel()
	}
}

// cause is why the watch ended the stream; cut if it did not.
func (w *watch) cause() how {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.reason
}

func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.yield.Stop()
	w.yield = nil
	if w.silent != nil {
		w.silent.Stop()
		w.silent = nil
	}
}
