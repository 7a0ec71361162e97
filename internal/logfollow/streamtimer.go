package logfollow

import (
	"context"
	"sync"
	"time"
)

// streamTimer ends a stream when its slice is over and others wait, and when it is
// silent for too long.
type streamTimer struct {
	limiter *FairLimiter
	cancel  context.CancelFunc
	slice   time.Duration

	mu           sync.Mutex
	reason       streamEnd
	sliceTimer   *time.Timer
	silenceTimer *time.Timer
	restTimer    *time.Timer
}

// newStreamTimer starts the slice of a stream. cancel must end the stream.
func newStreamTimer(limiter *FairLimiter, cancel context.CancelFunc, slice time.Duration) *streamTimer {
	t := &streamTimer{limiter: limiter, cancel: cancel, slice: slice}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sliceTimer = time.AfterFunc(slice, t.sliceExpired)
	return t
}

// sliceExpired ends the stream if others wait, and starts another slice if not.
func (t *streamTimer) sliceExpired() {
	contended := t.limiter.Contended()
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.sliceTimer == nil: // It was stopped after the timer fired.
	case contended:
		t.end(streamYielded)
	default:
		t.sliceTimer.Reset(t.slice)
	}
}

// silence ends the stream for this reason if it gets nothing for so long. Each call
// replaces the one before. Zero means that the stream may be silent.
func (t *streamTimer) silence(timeout time.Duration, reason streamEnd) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stopSilenceTimer()
	if timeout == 0 {
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(timeout, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.silenceTimer == timer {
			t.end(reason)
		}
	})
	t.silenceTimer = timer
}

// endSoon ends the stream when the rest of the word's line has had its time. It does not yield
// to others any more. Later calls change nothing.
func (t *streamTimer) endSoon() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.restTimer != nil {
		return
	}
	t.stopSilenceTimer()
	t.stopSliceTimer()
	t.restTimer = time.AfterFunc(restTimeout, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.end(wordFound)
	})
}

// end ends the stream for this reason, unless it has ended for another one.
func (t *streamTimer) end(reason streamEnd) {
	if t.reason == streamCut {
		t.reason = reason
		t.cancel()
	}
}

// cause returns why streamTimer ended the stream, or streamCut if it did not.
func (t *streamTimer) cause() streamEnd {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.reason
}

// stop stops all timers.
func (t *streamTimer) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stopSliceTimer()
	t.stopSilenceTimer()
	if t.restTimer != nil {
		t.restTimer.Stop()
	}
}

// stopSliceTimer stops the slice. The caller holds the lock.
func (t *streamTimer) stopSliceTimer() {
	if t.sliceTimer != nil {
		t.sliceTimer.Stop()
		t.sliceTimer = nil
	}
}

// stopSilenceTimer stops the silence timeout. The caller holds the lock.
func (t *streamTimer) stopSilenceTimer() {
	if t.silenceTimer != nil {
		t.silenceTimer.Stop()
		t.silenceTimer = nil
	}
}
