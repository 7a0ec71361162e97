//go:build !race

package logfollow

import (
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
)

// rotatedLog is a Source whose log is rotated, as a kubelet serves it: a stream begins
// with the newest file.
type rotatedLog struct {
	mu      sync.Mutex
	start   time.Time
	state   State
	files   [][]logged
	streams map[*io.PipeWriter]bool
	opened  int
	// down refuses all streams. sticky streams stay with the file that they began with.
	down, sticky bool
	// pause is how long a stream takes for a line, and delay until it opens.
	pause, delay time.Duration
}

type logged struct {
	at   time.Time
	text string
}

func (l *rotatedLog) State() State {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state
}

func (l *rotatedLog) Started() time.Time { return l.start }

func (l *rotatedLog) Open(ctx context.Context, since time.Time, follow bool) (io.ReadCloser, error) {
	l.mu.Lock()
	l.opened++
	delay := l.delay
	l.mu.Unlock()
	if !sleep(ctx, delay) {
		return nil, ctx.Err()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down {
		return nil, errCut
	}
	reader, writer := io.Pipe()
	l.streams[writer] = true
	context.AfterFunc(ctx, func() { _ = writer.CloseWithError(ctx.Err()) })
	go l.serve(ctx, writer, since.Truncate(time.Second), follow, len(l.files)-1)
	return reader, nil
}

// serve writes the lines from a file on.
func (l *rotatedLog) serve(ctx context.Context, w *io.PipeWriter, since time.Time, follow bool, file int) {
	for line := 0; ; {
		l.mu.Lock()
		var next *logged
		atEnd := line == len(l.files[file])
		newest := file == len(l.files)-1
		if !atEnd {
			next = &l.files[file][line]
		}
		sticky, pause := l.sticky, l.pause
		l.mu.Unlock()
		switch {
		case next != nil:
			line++
			if next.at.Before(since) {
				continue
			}
			if _, err := io.WriteString(w, next.at.Format(time.RFC3339Nano)+" "+next.text+"\n"); err != nil || !sleep(ctx, pause) {
				return
			}
		case !newest && !sticky:
			file, line = file+1, 0
		case !follow:
			_ = w.Close()
			return
		case !sleep(ctx, 100*time.Millisecond):
			return
		}
	}
}

// say logs a line.
func (l *rotatedLog) say(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	newest := len(l.files) - 1
	l.files[newest] = append(l.files[newest], logged{time.Now(), text})
}

// flood logs so many MiB in so many seconds.
func (l *rotatedLog) flood(size, seconds int) {
	for range 16 * size {
		l.say(strings.Repeat("x", 1<<16))
		time.Sleep(time.Duration(seconds) * time.Second / time.Duration(16*size))
	}
}

// slow makes the next streams open so late.
func (l *rotatedLog) slow(delay time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.delay = delay
}

func (l *rotatedLog) rotate() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.files = append(l.files, nil)
}

// cut cuts all streams, and refuses others while it is down.
func (l *rotatedLog) cut(down bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = down
	for stream := range l.streams {
		_ = stream.CloseWithError(errCut)
		delete(l.streams, stream)
	}
}

// away runs what happens while no stream can be opened.
func (l *rotatedLog) away(happens func()) {
	l.cut(true)
	happens()
	l.cut(false)
}

func (l *rotatedLog) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state = Gone
}

// outcome is what a Follower did while a script ran.
type outcome struct {
	result  Result
	reports int
	opened  int
}

// play runs a script, and a Follower of its log from the moment at which the script
// calls follow. An hour later the Follower is stopped.
func play(t *testing.T, script func(l *rotatedLog, follow func())) (o outcome) {
	t.Helper()
	return playBeside(t, 0, script)
}

// playBeside is play with so many silent logs that wait for the same stream.
func playBeside(t *testing.T, silent int, script func(l *rotatedLog, follow func())) (o outcome) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		l := &rotatedLog{start: time.Now(), files: [][]logged{nil}, streams: map[*io.PipeWriter]bool{}}
		f := &Follower{Source: l, Word: "done", Limiter: NewFairLimiter(1, 0), Log: logr.Discard, Rotated: func() { o.reports++ }}
		var wait sync.WaitGroup
		for range silent {
			other := &Follower{Source: &member{crowd: &crowd{}, start: l.start, after: 24 * time.Hour}, Word: "done", Limiter: f.Limiter, Log: logr.Discard}
			wait.Go(func() { other.Run(ctx) })
		}
		script(l, func() { wait.Go(func() { o.result = f.Run(ctx) }) })
		time.Sleep(time.Hour)
		cancel()
		wait.Wait()
		o.opened = l.opened
	})
	return o
}
