//go:build !race

package logfollow

import (
	"context"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/testr"
	. "github.com/onsi/gomega"
)

// drips opens a stream of text that then gets one more byte every 900 ms.
func drips(text string) opener {
	return func(ctx context.Context) (io.ReadCloser, error) {
		reader, writer := io.Pipe()
		go func() {
			for _, err := io.WriteString(writer, text); err == nil && sleep(ctx, 900*time.Millisecond); {
				_, err = io.WriteString(writer, "x")
			}
			_ = writer.CloseWithError(ctx.Err())
		}()
		return reader, nil
	}
}

// The word waits for the rest of its line, but not for long.
func TestFollowerKeepsTheRestOfTheLine(t *testing.T) {
	output := `done {"kernel":"6.8"}`
	tests := map[string]struct {
		states  []State
		streams []opener
		result  Result
		rest    string
		most    time.Duration
	}{
		"with its line":                      {[]State{Running}, []opener{silentAfter(at + output + "\n")}, Found, output[5:], 0},
		"as much as is wanted":               {[]State{Running}, []opener{silentAfter(at + "done " + strings.Repeat("x", 65))}, Found, strings.Repeat("x", 64), 0},
		"no line break, and silence":         {[]State{Running}, []opener{silentAfter(at + output)}, Found, output[5:], restTimeout},
		"no line break, and bytes that drip": {[]State{Running}, []opener{drips(at + "done ")}, Found, "x", restTimeout},
		"nothing after the word":             {[]State{Running}, []opener{silentAfter(at + "done\n")}, Found, "", 0},
		"ended without a line break":         {[]State{Ended}, []opener{chunks(io.EOF, at+output)}, Found, output[5:], time.Second},
		"cut within the rest":                {[]State{Running}, []opener{chunks(errCut, at+output[:9]), chunks(io.EOF, at+output+"\n")}, Found, output[5:], time.Second},
		"cut, and cut again":                 {[]State{Running}, []opener{chunks(errCut, at+output[:9]), chunks(errCut, at+output[:7]), chunks(io.EOF, at+output+"\n")}, Found, output[5:], time.Second},
		"always cut":                         {[]State{Running}, []opener{chunks(errCut, at+output[:9])}, Found, output[5:9], time.Second},
		"cut, then rotated":                  {[]State{Running}, []opener{chunks(errCut, at+output[:9]), chunks(io.EOF, at+"another\n")}, Found, output[5:9], time.Second},
		"cut, then gone":                     {[]State{Running, Gone}, []opener{chunks(errCut, at+output[:9]), failing(ErrNoLog)}, Found, output[5:9], time.Second},
		"cut, then never opened":             {[]State{Running}, []opener{chunks(errCut, at+output[:9]), neverOpens}, Found, output[5:9], rereadTimeout + time.Second},
		"cut right after the word":           {[]State{Running, Running, Ended}, []opener{chunks(errCut, at+output[:4]), chunks(io.EOF, at+output+"\n")}, Found, output[5:], time.Second},
		"in a part that a slow reader gets":  {[]State{Running}, []opener{chunks(io.EOF, at+output[:6], output[6:9], output[9:]+"\n"+at+"x\n")}, Found, output[5:], 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g, rest := NewWithT(t), &Rest{Limit: 64}
				ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
				defer cancel()
				start := time.Now()
				f := &Follower{Source: &scripted{states: test.states, streams: test.streams}, Word: "done", Limiter: NewFairLimiter(10, 0),
					Log: func() logr.Logger { return testr.New(t) }, Rest: rest}
				g.Expect(f.Run(ctx)).To(Equal(test.result))
				g.Expect(rest.Text()).To(Equal(test.rest))
				g.Expect(time.Since(start)).To(BeNumerically("<=", test.most))
			})
		})
	}
}

// A stream whose word is found ends soon: it does not yield to others within its line.
func TestAFoundWordDoesNotYield(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, rest, limiter := NewWithT(t), &Rest{Limit: 64}, NewFairLimiter(1, 0)
		s := &scripted{states: []State{Running}, streams: []opener{func(ctx context.Context) (io.ReadCloser, error) {
			reader, writer := io.Pipe()
			go func() {
				sleep(ctx, defaultSlice-100*time.Millisecond)
				_, _ = io.WriteString(writer, at+"done a")
				if sleep(ctx, 200*time.Millisecond) {
					_, _ = io.WriteString(writer, "b\n")
				}
				<-ctx.Done()
				_ = writer.CloseWithError(ctx.Err())
			}()
			return reader, nil
		}}}
		ctx, cancel := context.WithCancel(context.Background())
		waiting := make(chan struct{})
		go func() {
			defer close(waiting)
			sleep(ctx, time.Second)
			if turn, err := limiter.Acquire(ctx, Group{"other", "job"}, 0); err == nil {
				turn.End()
			}
		}()
		f := &Follower{Source: s, Word: "done", Limiter: limiter, Group: Group{"ns", "job"}, Log: func() logr.Logger { return testr.New(t) }, Rest: rest}
		g.Expect(f.Run(ctx)).To(Equal(Found))
		g.Expect(rest.Text()).To(Equal("ab"))
		g.Expect(s.asked).To(HaveLen(1))
		cancel()
		<-waiting
	})
}

// A word whose container is stopped meanwhile is not found by a follower that is stopped.
func TestFollowerStopsWithinTheLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewWithT(t)
		ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
		defer cancel()
		f := &Follower{Source: &scripted{states: []State{Running}, streams: []opener{silentAfter(at + "done x")}}, Word: "done",
			Limiter: NewFairLimiter(1, 0), Log: func() logr.Logger { return testr.New(t) }, Rest: &Rest{Limit: 64}}
		g.Expect(f.Run(ctx)).To(Equal(Stopped))
	})
}
