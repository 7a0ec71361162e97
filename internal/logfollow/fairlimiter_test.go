//go:build !race

package logfollow

import (
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

// crowd counts how many of its members' logs are open at once, and were opened in all.
type crowd struct{ open, most, opened atomic.Int64 }

// member is a Source that logs its word some time after the start. An old kubelet
// does not open the stream before that.
type member struct {
	crowd *crowd
	start time.Time
	after time.Duration
	old   bool
}

func (m *member) State() State { return Running }

func (m *member) Started() time.Time { return m.start }

func (m *member) Open(ctx context.Context, _ time.Time, _ bool) (io.ReadCloser, error) {
	m.crowd.opened.Add(1)
	raise(&m.crowd.most, m.crowd.open.Add(1))
	wait := func() error {
		if !sleep(ctx, time.Until(m.start.Add(m.after))) {
			return ctx.Err()
		}
		return nil
	}
	if m.old {
		if err := wait(); err != nil {
			m.crowd.open.Add(-1)
			return nil, err
		}
	}
	reader, writer := io.Pipe()
	go func() {
		if err := wait(); err != nil {
			_ = writer.CloseWithError(err)
			return
		}
		_, _ = io.WriteString(writer, at+"done\n")
		_ = writer.Close()
	}()
	return &counted{reader, &m.crowd.open}, nil
}

// counted is a stream that decrements open when it is closed.
type counted struct {
	io.ReadCloser
	open *atomic.Int64
}

func (c *counted) Close() error {
	c.open.Add(-1)
	return c.ReadCloser.Close()
}

// There are many more logs than streams, and the first ones are silent for an hour.
// Followers must find the words of the others soon, and in the end all words.
func TestManyLogsShareFewStreams(t *testing.T) {
	for _, old := range []bool{false, true} {
		t.Run(fmt.Sprintf("old kubelets: %v", old), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := NewWithT(t)
				const logs, limit, silence = 400, 20, time.Hour
				limiter, start := NewFairLimiter(limit, 0), time.Now()
				crowd, slowest := &crowd{}, &atomic.Int64{}
				var wait sync.WaitGroup
				for i := range logs {
					after := 50 * time.Millisecond
					if i < 2*limit {
						after = silence
					}
					wait.Go(func() {
						f := &Follower{
							Source: &member{crowd: crowd, start: start, after: after, old: old},
							Word:   "done", Limiter: limiter, Group: Group{"ns", fmt.Sprint("job-", i%3)}, Log: logr.Discard,
						}
						g.Expect(f.Run(context.Background())).To(Equal(Found))
						if after < silence {
							raise(slowest, int64(time.Since(start)))
						}
					})
				}
				wait.Wait()
				g.Expect(int(crowd.most.Load())).To(Equal(limit))
				g.Expect(time.Duration(slowest.Load())).To(BeNumerically("<", time.Minute))
				g.Expect(limiter.Contended()).To(BeFalse())
			})
		})
	}
}

// A Job with many pods must not delay a Job with few.
func TestFairLimiterAlternatesBetweenGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewWithT(t)
		limiter := NewFairLimiter(1, 0)
		first, err := limiter.Acquire(context.Background(), Group{"ns", "first"}, 0)
		g.Expect(err).NotTo(HaveOccurred())
		var got []string
		var wait sync.WaitGroup
		for _, group := range []string{"many", "many", "many", "few"} {
			wait.Go(func() {
				if turn, err := limiter.Acquire(context.Background(), Group{"ns", group}, 0); err == nil {
					got = append(got, group)
					turn.End()
				}
			})
			synctest.Wait()
		}
		g.Expect(limiter.Contended()).To(BeTrue())
		first.End()
		wait.Wait()
		g.Expect(got).To(Equal([]string{"many", "few", "many", "many"}))
		g.Expect(limiter.Contended()).To(BeFalse())
	})
}
