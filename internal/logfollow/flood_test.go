//go:build !race

package logfollow

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"
)

const mib = 1 << 20

// flood is a Source that logs lines of one KiB at a rate, and then its word.
type flood struct {
	start time.Time
	// rate is in KiB a second, and lines is how many come before the word. Zero is no word.
	rate, lines int
	// unbroken means that only the line with the word has a timestamp and a break before it.
	unbroken bool
	// sent counts the bytes of all streams.
	sent atomic.Int64
	// opened counts the streams.
	opened atomic.Int64
}

func (l *flood) State() State { return Running }

func (l *flood) Started() time.Time { return time.Time{} }

// at returns when a line was logged.
func (l *flood) at(line int) time.Time {
	return l.start.Add(time.Duration(line) * time.Second / time.Duration(l.rate))
}

func (l *flood) Open(ctx context.Context, since time.Time, _ bool) (io.ReadCloser, error) {
	l.opened.Add(1)
	reader, writer := io.Pipe()
	go func() {
		for line := 0; ; line++ {
			at := l.at(line)
			if !l.unbroken && at.Before(since.Truncate(time.Second)) {
				continue
			}
			if wait := time.Until(at); wait > 0 && !sleep(ctx, wait+50*time.Millisecond) { // Many lines at once.
				_ = writer.CloseWithError(ctx.Err())
				return
			}
			n, err := writer.Write(l.text(line))
			if l.sent.Add(int64(n)); err != nil {
				return
			}
		}
	}()
	return reader, nil
}

// text returns a line of the log.
func (l *flood) text(line int) []byte {
	stamp := l.at(line).UTC().Format(time.RFC3339Nano) + " "
	switch {
	case l.lines > 0 && line == l.lines && l.unbroken:
		return []byte("\n" + stamp + "done\n")
	case l.lines > 0 && line == l.lines:
		return []byte(stamp + "done\n")
	case l.unbroken && line > 0:
		return bytes.Repeat([]byte("x"), 1024)
	default:
		return fmt.Appendf(nil, "%s%0*d%s", stamp, 1023-len(stamp), line, map[bool]string{false: "\n"}[l.unbroken])
	}
}

// followers runs Followers, and waits for them.
type followers struct {
	sync.WaitGroup
	limiter *FairLimiter
}

// follow starts a Follower, and returns the time of its word.
func (f *followers) follow(ctx context.Context, group Group, source Source) *time.Time {
	found := new(time.Time)
	f.Go(func() {
		follower := &Follower{Source: source, Word: "done", Limiter: f.limiter, Group: group, Log: logr.Discard, Rotated: func() {}}
		if follower.Run(ctx) == Found {
			*found = time.Now()
		}
	})
	return found
}

// What a Job reads is limited only while another one waits for its word, which comes at once.
func TestFloodIsLimitedWhileAnotherJobIsFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewWithT(t)
		ctx, cancel := context.WithCancel(context.Background())
		f := &followers{limiter: NewFairLimiter(100, mib)}
		defer f.Wait()
		defer cancel()
		start, silent := time.Now(), &crowd{}
		word := f.follow(ctx, Group{"b", "silent"}, &member{crowd: silent, start: start, after: 20 * time.Second})
		floods := make([]*flood, 4)
		for i := range floods {
			floods[i] = &flood{start: start, rate: 2048}
			f.follow(ctx, Group{"a", "flood"}, floods[i])
		}
		sent := func() (all float64) {
			for _, flood := range floods {
				all += float64(flood.sent.Load()) / mib
			}
			return all
		}
		time.Sleep(19 * time.Second)
		g.Expect(sent()).To(BeNumerically("~", 19, 10), "MiB, of 8 a second")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		g.Expect(word.Sub(start)).To(BeNumerically("<", 20*time.Second+100*time.Millisecond))
		g.Expect(silent.opened.Load()).To(BeEquivalentTo(1), "its stream stays open")
		g.Expect(sent()).To(BeNumerically(">", 8*20), "MiB: also what was not read before")
	})
}

// The budget is spent by namespaces, and in each by Jobs.
func TestFloodsShareTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewWithT(t)
		ctx, cancel := context.WithCancel(context.Background())
		f := &followers{limiter: NewFairLimiter(100, 4*mib)}
		many, one := make([]*flood, 10), &flood{start: time.Now(), rate: 2048}
		for i := range many {
			many[i] = &flood{start: time.Now(), rate: 2048}
			f.follow(ctx, Group{"a", fmt.Sprint(i)}, many[i])
		}
		f.follow(ctx, Group{"b", "one"}, one)
		time.Sleep(50 * time.Second)
		cancel()
		f.Wait()
		g.Expect(one.sent.Load()/mib).To(BeNumerically("~", 100, 15), "MiB, half of what is read")
		for _, flood := range many {
			g.Expect(flood.sent.Load()/mib).To(BeNumerically("~", 10, 4), "MiB, a tenth of the other half")
		}
	})
}

// A resumed log is read from the second in which it ended, and still to its end.
func TestFloodIsReadToItsWord(t *testing.T) {
	for name, source := range map[string]*flood{
		"a little more than a turn a second": {rate: 1100, lines: 20 << 10},
		"many turns a second":                {rate: 32 << 10, lines: 100 << 10},
		"one line without end":               {rate: 8 << 10, lines: 100 << 10, unbroken: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := NewWithT(t)
				ctx, cancel := context.WithCancel(context.Background())
				f := &followers{limiter: NewFairLimiter(100, mib)}
				defer f.Wait()
				defer cancel()
				source.start = time.Now()
				f.follow(ctx, Group{"b", "silent"}, &member{crowd: &crowd{}, start: source.start, after: 24 * time.Hour})
				word := f.follow(ctx, Group{"a", "flood"}, source)
				time.Sleep(20 * time.Minute)
				synctest.Wait()
				g.Expect(word.IsZero()).To(BeFalse())
				g.Expect(source.opened.Load()).To(BeNumerically(">", 1), "it took several turns")
			})
		})
	}
}

// A flood is overdrawn and waits, and the streams that are open say nothing for hours. Its
// debt is paid by time alone, and they make room for it.
func TestAWaiterInDebtIsSeenBySilentStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewWithT(t)
		l := NewFairLimiter(2, 1<<20)
		turn := func(namespace string) *Turn {
			turn, err := l.Acquire(t.Context(), Group{Namespace: namespace, Job: "j"}, 0)
			g.Expect(err).NotTo(HaveOccurred())
			return turn
		}
		flood, silent := turn("a"), turn("b")
		g.Expect(flood.Spend(2 << 20)).To(BeTrue())
		flood.End()
		another := turn("c")
		admitted := make(chan *Turn)
		go func() { admitted <- turn("a") }()
		synctest.Wait()
		g.Expect(l.Contended()).To(BeFalse(), "it is in debt")
		for range 2 { // Open streams ask again and again.
			time.Sleep(time.Second)
			l.Contended()
		}
		g.Expect(l.Contended()).To(BeTrue(), "its debt is paid")
		silent.End()
		(<-admitted).End()
		another.End()
	})
}
