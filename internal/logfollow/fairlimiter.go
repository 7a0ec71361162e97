package logfollow

import (
	"context"
	"sync"
)

// FairLimiter bounds how many streams are open at once. It admits waiters by turns of
// their namespaces and Jobs.
type FairLimiter struct {
	mu    sync.Mutex
	free  int
	turns turns
}

// NewFairLimiter returns a FairLimiter that admits limit streams at once.
func NewFairLimiter(limit int) *FairLimiter { return &FairLimiter{free: limit} }

// Acquire waits until a stream of the group may open, or returns an error when ctx
// ends first. The caller must call Release unless Acquire returned an error.
func (l *FairLimiter) Acquire(ctx context.Context, group Group) error {
	w := &waiter{group: group, admitted: make(chan struct{})}
	l.mu.Lock()
	l.turns.add(w)
	streamsWaiting.Inc()
	l.admit()
	l.mu.Unlock()

	select {
	case <-w.admitted:
		return nil
	case <-ctx.Done():
		l.cancel(w)
		return ctx.Err()
	}
}

// Release admits the next waiter.
func (l *FairLimiter) Release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.free++
	l.admit()
}

// Contended returns whether a stream waits in Acquire.
func (l *FairLimiter) Contended() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.turns.has(l.mayRead)
}

// admit admits waiters while streams are free. The caller holds the lock.
func (l *FairLimiter) admit() {
	for l.free > 0 {
		w := l.turns.next(l.mayRead)
		if w == nil {
			return
		}
		l.free--
		streamsWaiting.Dec()
		close(w.admitted)
	}
}

// mayRead returns whether a waiter of the group may be admitted.
func (l *FairLimiter) mayRead(Group) bool { return true }

// cancel removes a waiter. When it was admitted at the same moment, cancel admits the
// next one instead.
func (l *FairLimiter) cancel(w *waiter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.turns.remove(w) {
		streamsWaiting.Dec()
		return
	}
	l.free++
	l.admit()
}
