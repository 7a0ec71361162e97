package logfollow

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// A waiter that is cancelled, at any moment, does not reduce the number of free streams.
func TestFairLimiterSurvivesCancelledWaiters(t *testing.T) {
	g := NewWithT(t)
	const limit = 3
	limiter := NewFairLimiter(limit, 0)
	var inside, most atomic.Int64
	var wait sync.WaitGroup
	for i := range 200 {
		wait.Go(func() {
			for k := range 50 {
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration((i*k)%7)*100*time.Microsecond)
				if turn, err := limiter.Acquire(ctx, Group{fmt.Sprint(i % 5), fmt.Sprint(i % 3)}, 0); err == nil {
					raise(&most, inside.Add(1))
					time.Sleep(10 * time.Microsecond)
					inside.Add(-1)
					turn.End()
				}
				cancel()
			}
		})
	}
	wait.Wait()
	g.Expect(int(most.Load())).To(BeNumerically("<=", limit))
	g.Expect(limiter.Contended()).To(BeFalse())
	for range limit {
		_, err := limiter.Acquire(context.Background(), Group{}, 0)
		g.Expect(err).NotTo(HaveOccurred())
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	_, err := limiter.Acquire(ctx, Group{}, 0)
	g.Expect(err).To(MatchError(context.DeadlineExceeded))
}

// raise sets most to n if n is greater.
func raise(most *atomic.Int64, n int64) {
	for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
	}
}
