//go:build !race

// The tests in synctest bubbles run without the race detector: that of Go 1.26
// sometimes crashes in the timers of a bubble. The tests of controllers/completion
// run the same code with the race detector, on real streams.

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

// scripted is a Source of scripted streams and states: states[i] holds once i streams
// have been opened, and the last one stays.
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

func (s *scripted) Started() time.Time { return time.Time{} }

func (s *scripted) Open(ctx context.Context, since time.Time, follow bool) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	open := s.streams[min(len(s.asked), len(s.streams)-1)]
	s.asked = append(s.asked, asked{since, follow})
	return open(ctx)
}

// chunks opens a stream of these pieces that ends with err.
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

// silentAfter opens a stream of text that then stays open and silent.
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

// neverOpens waits until ctx ends, as a kubelet does that sends no headers before the first line.
func neverOpens(ctx context.Context) (io.ReadCloser, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// failing fails to open a stream.
func failing(err error) opener {
	return func(context.Context) (io.ReadCloser, error) { return nil, err }
}
