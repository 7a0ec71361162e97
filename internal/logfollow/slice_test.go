//go:build !race

package logfollow

import (
	"context"
	"fmt"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"
)

// Silent logs that wait for each other must not keep the API server busy, and a word
// must still be found once each of them had its turn.
func TestSilentLogsOpenFewStreams(t *testing.T) {
	for _, old := range []bool{false, true} {
		t.Run(fmt.Sprintf("old kubelets: %v", old), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := NewWithT(t)
				const logs, limit, silence = 200, 20, 20 * time.Minute
				limiter, start, crowd := NewFairLimiter(limit, 0), time.Now(), &crowd{}
				ctx, cancel := context.WithCancel(context.Background())
				found := make(chan time.Duration, 1)
				var wait sync.WaitGroup
				for i := range logs {
					after := 24 * time.Hour
					if i == logs/2 {
						after = silence
					}
					wait.Go(func() {
						f := &Follower{
							Source: &member{crowd: crowd, start: start, after: after, old: old},
							Word:   "done", Limiter: limiter, Group: Group{"ns", "job"}, Log: logr.Discard,
						}
						if f.Run(ctx) == Found {
							found <- time.Since(start)
						}
					})
				}
				time.Sleep(10 * time.Minute)
				before := crowd.opened.Load()
				time.Sleep(time.Minute)
				opened := crowd.opened.Load() - before
				took := <-found - silence
				cancel()
				wait.Wait()
				g.Expect(opened).To(BeNumerically("<=", 2*limit), "streams opened in a minute")
				g.Expect(took).To(BeNumerically("<=", logs/limit*maxSlice), "from the word until it is found")
			})
		})
	}
}

// One stream after the other yields to a rival.
func TestSliceAdapts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewWithT(t)
		ctx, cancel := context.WithCancel(context.Background())
		limiter := NewFairLimiter(1, 0)
		var took []time.Duration
		timed := func(open opener) opener {
			return func(ctx context.Context) (io.ReadCloser, error) {
				start := time.Now()
				context.AfterFunc(ctx, func() { took = append(took, time.Since(start)) })
				return open(ctx)
			}
		}
		again := timed(silentAfter("2026-01-02T03:04:07Z y"))
		silent, line, slow := timed(silentAfter("")), timed(silentAfter(at+"x\n")), timed(neverOpens)
		newLine, unended := timed(silentAfter("2026-01-02T03:04:06Z y\n")), timed(silentAfter("2026-01-02T03:04:07Z y"))
		f := &Follower{
			Source: &scripted{states: []State{Running}, streams: []opener{silent, slow, line, line, silent, newLine, silent, unended, again}},
			Word:   "done", Limiter: limiter, Log: logr.Discard,
		}
		var wait sync.WaitGroup
		wait.Go(func() { f.Run(ctx) })
		for range 14 {
			synctest.Wait()
			turn, err := limiter.Acquire(ctx, Group{"ns", "rival"}, 0)
			g.Expect(err).NotTo(HaveOccurred())
			turn.End()
		}
		cancel()
		wait.Wait()
		synctest.Wait()
		g.Expect(took[:14]).To(HaveExactElements(
			2*time.Second, // silent
			4*time.Second, // slow to open
			8*time.Second, // a line
			2*time.Second, // the same line again
			4*time.Second, // silent
			8*time.Second, // a new line
			2*time.Second, // silent
			4*time.Second, // a line without a break
			2*time.Second, // silent, as are the others
			4*time.Second,
			8*time.Second,
			16*time.Second,
			32*time.Second,
			32*time.Second,
		))
	})
}
