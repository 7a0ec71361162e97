package logfollow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr/testr"
	. "github.com/onsi/gomega"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scripted is a Source whose streams and states are scripted.
type scripted struct {
	mu      sync.Mutex
	state   State
	streams []func(ctx context.Context, r Request) (io.ReadCloser, error)
	asked   []Request
	// then is the state once so many streams have been opened; all of them if 0.
	then  State
	after int
}

func (s *scripted) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

func (s *scripted) Open(ctx context.Context, r Request) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, r)
	if len(s.streams) == 0 {
		return nil, ErrGone
	}
	next := s.streams[0]
	s.streams = s.streams[1:]
	if len(s.streams) == 0 || len(s.asked) == s.after {
		s.state = s.then
	}
	return next(ctx, r)
}

var errCut = errors.New("connection reset")

// chunks is a stream of these pieces, which ends with err.
func chunks(err error, pieces ...string) func(context.Context, Request) (io.ReadCloser, error) {
	return func(context.Context, Request) (io.ReadCloser, error) {
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

// stalled never says anything until its context ends.
func stalled(ctx context.Context, _ Request) (io.ReadCloser, error) {
	reader, writer := io.Pipe()
	context.AfterFunc(ctx, func() { _ = writer.CloseWithError(ctx.Err()) })
	return reader, nil
}

func refused(context.Context, Request) (io.ReadCloser, error) { return nil, errCut }

func run(t *testing.T, s *scripted) (bool, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return (&Follower{Source: s, Word: "done", Turns: NewTurns(10), Group: "g", Log: testr.New(t)}).Run(ctx)
}

func TestFollower(t *testing.T) {
	type streams = []func(context.Context, Request) (io.ReadCloser, error)
	tests := map[string]struct {
		source scripted
		found  bool
		asked  int
	}{
		"found at once":                           {scripted{streams: streams{chunks(io.EOF, at+"done\n")}}, true, 1},
		"cut in the middle of the word":           {scripted{streams: streams{chunks(errCut, at+"do"), chunks(io.EOF, at+"done\n")}}, true, 2},
		"cut in the middle of the timestamp":      {scripted{streams: streams{chunks(errCut, at[:9]), chunks(io.EOF, at+"done\n")}}, true, 2},
		"the word at the very place of the cut":   {scripted{streams: streams{chunks(errCut, at+"done"), chunks(io.EOF, at+"doner\n")}, then: Gone}, false, 2},
		"ends early: the API server went away":    {scripted{streams: streams{chunks(io.EOF, at+"a\n"), refused, chunks(nil, at+"done\n")}}, true, 3},
		"ends, and the container has ended":       {scripted{streams: streams{chunks(io.EOF, at+"a\n"), chunks(io.EOF, at+"a\n")}, then: Ended, after: 1}, false, 2},
		"the last line has no break":              {scripted{state: Ended, streams: streams{chunks(io.EOF, at+"done")}, then: Ended}, true, 1},
		"ended, read once to its end":             {scripted{state: Ended, streams: streams{chunks(io.EOF, at+"a\n")}, then: Ended}, false, 1},
		"ended, cut, then read to its end":        {scripted{state: Ended, streams: streams{chunks(errCut, at+"a\n"), chunks(io.EOF, at+"done\n")}, then: Ended}, true, 2},
		"restarted while it was read":             {scripted{state: Ended, streams: streams{chunks(io.EOF, at+"new\n"), chunks(io.EOF, at+"done\n")}, then: Restarted, after: 1}, true, 2},
		"gone before anything":                    {scripted{state: Gone}, false, 0},
		"gone when it is opened":                  {scripted{}, false, 1},
		"binary and long lines before it, in all": {scripted{streams: streams{chunks(io.EOF, at+strings.Repeat("\x00\xff", 1<<18)+"\n", at+"done\n")}}, true, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := &test.source
			found, err := run(t, s)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(found).To(Equal(test.found))
			g.Expect(s.asked).To(HaveLen(test.asked))
		})
	}
}

func TestFollowerAsksForWhatIsMissing(t *testing.T) {
	g := NewWithT(t)
	s := &scripted{then: Restarted}
	s.streams = append(s.streams, chunks(errCut, at+"a\n"), chunks(io.EOF, at+"b\n"))
	found, err := run(t, s)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(found).To(BeFalse())
	g.Expect(s.asked[0]).To(Equal(Request{Follow: true}))
	g.Expect(s.asked[1].Follow).To(BeTrue())
	g.Expect(s.asked[1].Since.Format(time.RFC3339Nano) + " ").To(Equal(at))
	g.Expect(s.asked[2].Previous).To(BeTrue(), "another container runs in its place: its log is the previous one")
	g.Expect(s.asked[2].Follow).To(BeFalse())
}

func TestFollowerStopsAtOnceWhenItsStreamIsStalled(t *testing.T) {
	g := NewWithT(t)
	s := &scripted{streams: []func(context.Context, Request) (io.ReadCloser, error){stalled}}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := (&Follower{Source: s, Word: "done", Turns: NewTurns(1), Log: testr.New(t)}).Run(ctx)
	g.Expect(err).To(MatchError(context.DeadlineExceeded))
	g.Expect(time.Since(start)).To(BeNumerically("<", time.Second))
}

// growing is a log that says its word some time after the start, and can be
// opened as often as one likes.
type growing struct {
	start time.Time
	after time.Duration
	open  *atomic.Int32
	most  *atomic.Int32
}

func (s *growing) State() State { return Running }

func (s *growing) Open(ctx context.Context, _ Request) (io.ReadCloser, error) {
	n := s.open.Add(1)
	for most := s.most.Load(); n > most && !s.most.CompareAndSwap(most, n); most = s.most.Load() {
	}
	reader, writer := io.Pipe()
	go func() {
		if !sleep(ctx, time.Until(s.start.Add(s.after))) {
			_ = writer.CloseWithError(ctx.Err())
			return
		}
		_, _ = io.WriteString(writer, at+"done\n")
		_ = writer.Close()
	}()
	return &counted{reader, s.open}, nil
}

// counted is a stream that counts while it is open.
type counted struct {
	io.ReadCloser
	open *atomic.Int32
}

func (c *counted) Close() error {
	c.open.Add(-1)
	return c.ReadCloser.Close()
}

// Many more logs than may be open, of which the first in line say nothing for
// long: those behind them are found nevertheless, and so are all.
func TestManyLogsTakeTurns(t *testing.T) {
	g := NewWithT(t)
	const logs, limit = 24, 4
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	turns, start := NewTurns(limit), time.Now()
	var open, most, foundCount atomic.Int32
	var wait sync.WaitGroup
	for i := range logs {
		after := 50 * time.Millisecond
		if i < 2*limit {
			after = 5 * time.Second
		}
		wait.Go(func() {
			f := &Follower{
				Source: &growing{start: start, after: after, open: &open, most: &most},
				Word:   "done", Turns: turns, Group: fmt.Sprint("job-", i%3), Log: testr.New(t),
			}
			if found, err := f.Run(ctx); found && err == nil {
				foundCount.Add(1)
			}
		})
	}
	wait.Wait()
	g.Expect(foundCount.Load()).To(Equal(int32(logs)))
	g.Expect(most.Load()).To(BeNumerically("<=", limit))
}

func TestTurnsGoAroundTheGroups(t *testing.T) {
	g := NewWithT(t)
	turns := NewTurns(1)
	g.Expect(turns.Enter(context.Background(), "first")).To(Succeed())
	order := make(chan string, 10)
	var wait sync.WaitGroup
	enter := func(group string) {
		before := turns.count
		wait.Go(func() {
			if turns.Enter(context.Background(), group) == nil {
				order <- group
				turns.Leave()
			}
		})
		g.Eventually(func() int {
			turns.mu.Lock()
			defer turns.mu.Unlock()
			return turns.count
		}).Should(Equal(before + 1))
	}
	for _, group := range []string{"many", "many", "many", "few"} {
		enter(group)
	}
	g.Expect(turns.Contended()).To(BeTrue())
	turns.Leave()
	wait.Wait()
	close(order)
	var got []string
	for group := range order {
		got = append(got, group)
	}
	g.Expect(got).To(Equal([]string{"many", "few", "many", "many"}))
	g.Expect(turns.Contended()).To(BeFalse())
}

func TestATurnThatIsGivenUpIsPassedOn(t *testing.T) {
	g := NewWithT(t)
	turns := NewTurns(1)
	g.Expect(turns.Enter(context.Background(), "a")).To(Succeed())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	g.Expect(turns.Enter(ctx, "b")).To(MatchError(context.Canceled))
	g.Expect(turns.Contended()).To(BeFalse())
	turns.Leave()
	g.Expect(turns.Enter(context.Background(), "c")).To(Succeed())
}
