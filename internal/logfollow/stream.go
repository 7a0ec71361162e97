package logfollow

import (
	"context"
	"errors"
	"io"
	"time"
)

const (
	// defaultSlice is how long a stream may stay open while others wait.
	defaultSlice = 2 * time.Second
	// maxSlice bounds the slice, which doubles with each stream that hears nothing. It
	// also bounds how long a word waits: for one such slice of each log before it.
	maxSlice = 16 * defaultSlice
	// silenceTimeout is how long a running container must log nothing after a word
	// without a line break before Follower reads the log again to confirm its end.
	silenceTimeout = time.Second
	// restTimeout is how long a found word waits for the rest of its line.
	restTimeout = time.Second
)

// streamEnd is why a stream ended.
type streamEnd int

const (
	streamCut streamEnd = iota
	streamEnded
	streamYielded
	streamOverdrawn
	streamSilent
	wordFound
)

// nextSlice returns the slice of the next stream. Without a longer one, many silent logs
// would keep the API server busy, and on a slow API server no stream would ever open.
func nextSlice(slice time.Duration, end streamEnd, heard bool) time.Duration {
	switch {
	case heard:
		return defaultSlice
	case end == streamYielded || end == streamOverdrawn:
		return min(2*slice, maxSlice)
	default:
		return slice
	}
}

// read reads one stream to its end. slice is how long it may stay open while others wait.
func (f *Follower) read(ctx context.Context, matcher *Matcher, rotation *rotation, slice time.Duration, follow bool) (end streamEnd, err error) {
	f.open = 0
	turn, err := f.Limiter.Acquire(ctx, f.Group, f.expected)
	if err != nil {
		return streamCut, err
	}
	defer turn.End()
	spending := &spending{turn: turn, slice: slice}
	defer func() { f.expected = spending.expected(end) }()
	streamsOpen.Inc()
	defer streamsOpen.Dec()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	matcher.Reset()
	defer matcher.Free()
	rotation.opening(time.Now())

	timer := newStreamTimer(f.Limiter, cancel, slice)
	defer timer.stop()
	awaitMore := func() {
		switch {
		case matcher.Open():
			timer.endSoon()
		case !follow: // The stream ends by itself.
		case matcher.Pending():
			timer.silence(silenceTimeout, streamEnded)
		default:
			timer.silence(rotation.patience(time.Now()), streamSilent)
		}
	}
	awaitMore()
	stream, err := f.Source.Open(ctx, matcher.Since(), follow)
	if err != nil {
		if cause := timer.cause(); cause != streamCut {
			return cause, nil
		}
		return streamCut, err
	}
	opened := time.Now()
	defer func() { f.open = time.Since(opened) }()
	defer func() { _ = stream.Close() }() // Nothing depends on an error after the last read.
	for {
		n, err := stream.Read(matcher.Space())
		if n > 0 {
			if matcher.Advance(n) {
				return wordFound, nil
			}
			now, first, last := time.Now(), matcher.First(), matcher.Since()
			rotation.received(now, n, first, last)
			if spending.received(now, n, first, last) && !matcher.Open() {
				turnsOverdrawn.Inc()
				return streamOverdrawn, nil
			}
			awaitMore()
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
