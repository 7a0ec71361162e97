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
	defaultSlice = 2 * time.Second
	// maxSlice is how long a stream may at most take to be opened then.
	maxSlice = 8 * defaultSlice
	// silenceTimeout is how long nothing must follow a word without a line break, in a
	// container that runs, before the log is asked whether that was all.
	silenceTimeout = time.Second
)

// how a stream ended.
type streamEnd int

const (
	streamCut streamEnd = iota
	streamEnded
	streamYielded
	wordFound
)

// read one stream as far as it goes. slice is how long it may be open while others wait.
func (f *Follower) read(ctx context.Context, matcher *Matcher, slice *time.Duration, follow bool) (streamEnd, error) {
	if err := f.Limiter.Acquire(ctx, f.Group); err != nil {
		return streamCut, err
	}
	defer f.Limiter.Release()
	streamsOpen.Inc()
	defer streamsOpen.Dec()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	matcher.Reset()

	timer := newStreamTimer(f.Limiter, cancel, *slice)
	defer timer.stop()
	stream, err := f.Source.Open(ctx, matcher.Since(), follow)
	if err != nil {
		if timer.cause() == streamYielded {
			// An API server that is slow must be given the time, or nobody gets anywhere.
			*slice = min(2**slice, maxSlice)
			return streamYielded, nil
		}
		return streamCut, err
	}
	*slice = defaultSlice
	defer func() { _ = stream.Close() }() // It was read as far as it goes.
	for {
		n, err := stream.Read(matcher.Space())
		if n > 0 {
			if matcher.Advance(n) {
				return wordFound, nil
			}
			timer.received(follow && matcher.Pending())
		}
		switch cause := timer.cause(); {
		case cause != streamCut:
			return cause, nil
		case errors.Is(err, io.EOF):
			return streamEnded, nil
		case err != nil:
			return streamCut, err
		}
	}
}

// streamTimer ends a stream for reasons of time: when it has had its slice and others
// wait, and when nothing follows a word that nothing has decided yet.
type streamTimer struct {
	limiter *FairLimiter
	cancel  context.CancelFunc
	slice   time.Duration

	mu           sync.Mutex
	reason       streamEnd
	sliceTimer   *time.Timer
	silenceTimer *time.Timer
}

func newStreamTimer(limiter *FairLimiter, cancel context.CancelFunc, slice time.Duration) *streamTimer {
	t := &streamTimer{limiter: limiter, cancel: cancel, slice: slice}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sliceTimer = time.AfterFunc(slice, t.sliceExpired)
	return t
}

func (t *streamTimer) sliceExpired() {
	contended := t.limiter.Contended()
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.sliceTimer == nil: // It was stopped.
	case contended:
		t.end(streamYielded)
	default:
		t.sliceTimer.Reset(t.slice)
	}
}

// received something. undecided: it ends with the word.
func (t *streamTimer) received(undecided bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stopSilenceTimer()
	if undecided {
		var timer *time.Timer
		timer = time.AfterFunc(silenceTimeout, func() {
			t.mu.Lock()
			defer t.mu.Unlock()
			if t.silenceTimer == timer {
				t.end(streamEnded)
			}
		})
		t.silenceTimer = timer
	}
}

// end the stream for this reason, unless there was one already.
func (t *streamTimer) end(reason streamEnd) {
	if t.reason == streamCut {
		t.reason = reason
		t.cancel()
	}
}

// cause is why the streamTimer ended the stream; streamCut if it did not.
func (t *streamTimer) cause() streamEnd {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.reason
}

func (t *streamTimer) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sliceTimer.Stop()
	t.sliceTimer = nil
	t.stopSilenceTimer()
}

func (t *streamTimer) stopSilenceTimer() {
	if t.silenceTimer != nil {
		t.silenceTimer.Stop()
		t.silenceTimer = nil
	}
}
