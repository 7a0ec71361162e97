//go:build !race

package logfollow

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
)

// TestWaitingFollowersAreSmall shows that a log that waits for its turn has no buffer: a Job
// in Log mode on many nodes must not end the terminator.
func TestWaitingFollowersAreSmall(t *testing.T) {
	g := NewWithT(t)
	const followers, mostHeap, most = 10_000, 1280, 6 << 10
	limiter := NewFairLimiter(1, 0)
	_, err := limiter.Acquire(context.Background(), Group{}, 0)
	g.Expect(err).NotTo(HaveOccurred())
	log := zap.New()
	ctx, cancel := context.WithCancel(context.Background())
	var wait sync.WaitGroup
	before := memory()
	for i := range followers {
		wait.Go(func() {
			(&Follower{
				Source: &scripted{states: []State{Running}}, Word: "done", Limiter: limiter, Group: Group{"ns", "job"},
				Log: func() logr.Logger { return log.WithValues("pod", fmt.Sprint("pod-", i)) },
			}).Run(ctx)
		})
	}
	for waiting := 0; waiting < followers; time.Sleep(10 * time.Millisecond) {
		limiter.mu.Lock()
		waiting = 0
		for _, namespace := range limiter.turns.namespaces {
			for _, job := range namespace.jobs {
				waiting += len(job.waiters)
			}
		}
		limiter.mu.Unlock()
	}
	after := memory()
	cancel()
	wait.Wait()
	heap, stack := (after.HeapAlloc-before.HeapAlloc)/followers, (after.StackInuse-before.StackInuse)/followers
	t.Logf("a waiting follower has %d bytes of heap and %d of stack", heap, stack)
	g.Expect(heap).To(BeNumerically("<", mostHeap))
	g.Expect(heap + stack).To(BeNumerically("<", most))
}

// memory returns how much memory is in use.
func memory() runtime.MemStats {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats
}
