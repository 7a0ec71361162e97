//go:build !race

package logfollow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/go-logr/logr/testr"
	. "github.com/onsi/gomega"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// run follows the log in a synctest bubble, where waiting takes no real time.
func run(t *testing.T, s *scripted) (result Result, took time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		start := time.Now()
		result = (&Follower{Source: s, Word: "done", Limiter: NewFairLimiter(10, 0), Group: Group{"ns", "job"}, Log: func() logr.Logger { return testr.New(t) }}).Run(ctx)
		took = time.Since(start)
	})
	return result, took
}

func TestFollower(t *testing.T) {
	line := func(text string) opener { return chunks(io.EOF, at+text+"\n") }
	failure := fmt.Errorf("%w: 400", ErrNoLog)
	tests := map[string]struct {
		states  []State
		streams []opener
		result  Result
		asked   int
	}{
		"found at once":                             {[]State{Running}, []opener{line("done")}, Found, 1},
		"found in a stream that stays open":         {[]State{Running}, []opener{silentAfter(at + "done\n")}, Found, 1},
		"cut in the middle of the word":             {[]State{Running}, []opener{chunks(errCut, at+"do"), line("done")}, Found, 2},
		"cut in the middle of the timestamp":        {[]State{Running}, []opener{chunks(errCut, at[:9]), line("done")}, Found, 2},
		"the word where it was cut":                 {[]State{Running, Running, Gone}, []opener{chunks(errCut, at+"done"), line("doner")}, Lost, 2},
		"the word where it seems to have ended":     {[]State{Running, Running, Gone}, []opener{chunks(io.EOF, at+"done"), line("doner")}, Lost, 2},
		"the word twice where it was cut":           {[]State{Ended}, []opener{chunks(errCut, at+"done"), chunks(errCut, at+"done"), line("doner")}, ReadToTheEnd, 4},
		"a rest of an earlier line after a cut":     {[]State{Ended}, []opener{chunks(errCut, at+"x\n"), chunks(io.EOF, "done\n"+at+"x\n")}, ReadToTheEnd, 3},
		"the API server is unreachable for a while": {[]State{Running}, []opener{line("a"), failing(errCut), failing(errCut), line("done")}, Found, 4},
		"the kubelet does not know the pod yet":     {[]State{Running}, append(repeat(failing(failure), 40), line("done")), Found, 41},
		"no line break, and silence":                {[]State{Running}, []opener{silentAfter(at + "done"), chunks(io.EOF, at+"done")}, Found, 2},
		"no line break, silence, then more":         {[]State{Running, Running, Gone}, []opener{silentAfter(at + "done"), line("doner")}, Lost, 2},
		"ended, the last line has no break":         {[]State{Ended}, []opener{chunks(io.EOF, at+"done")}, Found, 2},
		"ended, read twice to its end":              {[]State{Ended}, []opener{line("a")}, ReadToTheEnd, 2},
		"ended, with an empty log":                  {[]State{Ended}, []opener{chunks(io.EOF)}, ReadToTheEnd, 2},
		"ended, the first stream was empty":         {[]State{Ended}, []opener{chunks(io.EOF), line("done")}, Found, 2},
		"ended, cut, then read":                     {[]State{Ended}, []opener{chunks(errCut, at+"a\n"), line("done")}, Found, 2},
		"ended, its log was removed":                {[]State{Ended}, []opener{failing(failure)}, ReadToTheEnd, maxRefusals},
		"ended, the API server is unreachable":      {[]State{Ended}, append(repeat(failing(errCut), 3*maxRefusals), line("done")), Found, 3*maxRefusals + 1},
		"ends while it is followed":                 {[]State{Running, Ended}, []opener{line("a"), line("a")}, ReadToTheEnd, 2},
		"replaced while its end is read":            {[]State{Ended, Ended, Gone}, []opener{line("a")}, Lost, 2},
		"gone before the first stream":              {[]State{Gone}, nil, Lost, 0},
		"gone while it cannot be opened":            {[]State{Running, Running, Gone}, []opener{failing(failure)}, Lost, 2},
		"binary and long lines before it":           {[]State{Running}, []opener{chunks(io.EOF, at+strings.Repeat("\x00\xff", 1<<18)+"\n", at+"done\n")}, Found, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := &scripted{states: test.states, streams: test.streams}
			result, _ := run(t, s)
			g.Expect(result).To(Equal(test.result))
			g.Expect(s.asked).To(HaveLen(test.asked))
		})
	}
}

func repeat(o opener, n int) []opener {
	all := make([]opener, n)
	for i := range all {
		all[i] = o
	}
	return all
}

func TestFollowerRequestsOnlyMissingLines(t *testing.T) {
	g := NewWithT(t)
	s := &scripted{states: []State{Running, Running, Ended}, streams: []opener{chunks(errCut, at+"a\n"), chunks(io.EOF, at+"b\n")}}
	result, _ := run(t, s)
	g.Expect(result).To(Equal(ReadToTheEnd))
	g.Expect(s.asked[0]).To(Equal(asked{follow: true}))
	g.Expect(s.asked[1].follow).To(BeTrue())
	g.Expect(s.asked[1].since.Format(time.RFC3339Nano) + " ").To(Equal(at))
	g.Expect(s.asked[2].follow).To(BeFalse(), "an ended log does not grow")
}

// The kubelet writes timestamps in the time zone of its node.
func TestFollowerInAnyTimeZone(t *testing.T) {
	for _, zone := range []string{"Z", "+02:00", "+05:30", "+05:45", "-03:30", "+03:30"} {
		at := "2026-01-02T03:04:05.678901234" + zone + " "
		tests := map[string]struct {
			state   State
			streams []opener
			result  Result
			asked   int
		}{
			"no line break, and silence":        {Running, []opener{silentAfter(at + "done"), chunks(io.EOF, at+"done")}, Found, 2},
			"ended, the last line has no break": {Ended, []opener{chunks(io.EOF, at+"done")}, Found, 2},
			"ended, read twice to its end":      {Ended, []opener{chunks(io.EOF, at+"a\n")}, ReadToTheEnd, 2},
		}
		for name, test := range tests {
			t.Run(zone+" "+name, func(t *testing.T) {
				g := NewWithT(t)
				s := &scripted{states: []State{test.state}, streams: test.streams}
				result, _ := run(t, s)
				g.Expect(result).To(Equal(test.result))
				g.Expect(s.asked).To(HaveLen(test.asked))
			})
		}
	}
}

func TestFollowerResumesSoonAfterAnOutage(t *testing.T) {
	g := NewWithT(t)
	up := time.Time{}
	s := &scripted{states: []State{Running}, streams: []opener{func(ctx context.Context) (io.ReadCloser, error) {
		if up.IsZero() {
			up = time.Now().Add(time.Minute)
		}
		if time.Now().Before(up) {
			return nil, errCut
		}
		return chunks(io.EOF, at+"done\n")(ctx)
	}}}
	result, took := run(t, s)
	g.Expect(result).To(Equal(Found))
	g.Expect(took - time.Minute).To(BeNumerically("<=", 10*time.Second))
	g.Expect(len(s.asked)).To(BeNumerically("<", 60), "the retries are spread over the outage")
}

func TestFollowerStopsAtOnce(t *testing.T) {
	for name, open := range map[string]opener{
		"when its stream is stalled": silentAfter(at + "x"), "when its stream does not open": neverOpens,
		"when it waits to try again": failing(errors.New("refused")),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := NewWithT(t)
				ctx, cancel := context.WithTimeout(context.Background(), 1234*time.Millisecond)
				defer cancel()
				start := time.Now()
				f := &Follower{Source: &scripted{states: []State{Running}, streams: []opener{open}}, Word: "done", Limiter: NewFairLimiter(1, 0), Log: func() logr.Logger { return testr.New(t) }}
				g.Expect(f.Run(ctx)).To(Equal(Stopped))
				g.Expect(time.Since(start)).To(Equal(1234 * time.Millisecond))
			})
		})
	}
}

// A stream that brings a line is progress, however often it is cut.
func TestAStreamWithALineResetsTheBackoff(t *testing.T) {
	const streams = 100
	var lines []opener
	for i := range streams {
		lines = append(lines, chunks(errCut, fmt.Sprintf("2026-01-02T03:%02d:%02dZ x\n", i/60, i%60)))
	}
	s := &scripted{states: []State{Running}, streams: append(lines, chunks(io.EOF, "2026-01-02T03:59:00Z done\n"))}
	result, took := run(t, s)
	g := NewWithT(t)
	g.Expect(result).To(Equal(Found))
	g.Expect(took).To(BeNumerically("<=", streams*100*time.Millisecond))
}

// A host that answers nothing refuses a log after half a minute. That is no progress.
func TestAHostThatDoesNotAnswerIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
		defer cancel()
		refused := func(context.Context) (io.ReadCloser, error) {
			time.Sleep(30 * time.Second)
			return nil, errCut
		}
		var messages []string
		log := funcr.New(func(_, args string) { messages = append(messages, args) }, funcr.Options{})
		f := &Follower{Source: &scripted{states: []State{Running}, streams: []opener{refused}}, Word: "done", Limiter: NewFairLimiter(1, 0), Log: func() logr.Logger { return log }}
		g := NewWithT(t)
		g.Expect(f.Run(ctx)).To(Equal(Stopped))
		g.Expect(messages).To(ConsistOf(ContainSubstring("Failed to read log, retrying")))
	})
}

// The log of a container that has ended is given up although its refusals waited long for their turns.
func TestALogThatIsGoneIsGivenUpInACrowd(t *testing.T) {
	refused := func(context.Context) (io.ReadCloser, error) {
		time.Sleep(15 * time.Second)
		return nil, fmt.Errorf("the container: %w", ErrNoLog)
	}
	result, _ := run(t, &scripted{states: []State{Ended}, streams: []opener{refused}})
	NewWithT(t).Expect(result).To(Equal(ReadToTheEnd))
}

// A node that has been unreachable for long is tried less often.
func TestBackoff(t *testing.T) {
	g := NewWithT(t)
	for tries, longest := range map[int]time.Duration{
		0: 100 * time.Millisecond, 1: 100 * time.Millisecond, 2: 200 * time.Millisecond, 10: 2 * time.Second, 30: 2 * time.Second, 31: 10 * time.Second, 1000: 10 * time.Second,
	} {
		for range 100 {
			g.Expect(backoff(tries)).To(And(BeNumerically(">=", longest/2), BeNumerically("<=", longest)), "%d tries", tries)
		}
	}
}
