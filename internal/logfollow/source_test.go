//go:build !race

// The tests in bubbles, where time passes at once, run without the race detector:
// that of Go 1.26 crashes now and then in the timers of a bubble. What they test
// is run with it, on real streams, by the tests of controllers/completion.

package logfollow

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

var errCut = errors.New("connection reset")

// opener opens a scripted stream.
type opener = func(ctx context.Context) (io.ReadCloser, error)

// scripted is a Source whose streams are scripted, and whose state is the last of
// states that was reached: states[i] holds once i streams have been opened.
type scripted struct {
	mu      sync.Mutex
	states  []State
	streams []opener
	asked   []asked
}

type asked struct {
	since  time.Time
	follow bool
}

func (s *scripted) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.states[min(len(s.asked), len(s.states)-1)]
}

func (s *scripted) Open(ctx context.Context, since time.Time, follow bool) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	open := s.streams[min(len(s.asked), len(s.streams)-1)]
	s.asked = append(s.asked, asked{since, follow})
	return open(ctx)
}

// chunks is a stream of these pieces, which ends with err.
func chunks(err error, pieces ...string) opener {
	return func(context.Context) (io.ReadCloser, error) {
		reader, writer := io.Pipe()
		go func() {
			for _, piece := range pieces {
				if _, err := io.WriteString(writer, piece); err != nil {
					return
				}
			}
			_ = writer.CloseWithError(err)
		}()
		return reader, nil
	}
}

// silentAfter is a stream of text that then stays open and says no more.
func silentAfter(text string) opener {
	return func(ctx context.Context) (io.ReadCloser, error) {
		reader, writer := io.Pipe()
		go func() {
			_, _ = io.WriteString(writer, text)
			<-ctx.Done()
			_ = writer.CloseWithError(ctx.Err())
		}()
		return reader, nil
	}
}

// neverOpens is how a kubelet behaves that sends no headers before there is a log.
func neverOpens(ctx context.Context) (io.ReadCloser, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// failing streams cannot be opened.
func failing(err error) opener {
	return func(context.Context) (io.ReadCloser, error) { return nil, err }
}
