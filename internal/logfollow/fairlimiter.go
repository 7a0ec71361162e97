package logfollow

import (
	"context"
	"slices"
	"sync"
)

// FairLimiter bounds how many streams are open at once. It admits waiters of each
// group in turn, so that a group with many members does not starve another.
type FairLimiter struct {
	mu   sync.Mutex
	free int
	// groups are those with waiters, the next one first.
	groups []string
	// waiters are channels, which Release closes to admit their owner.
	waiters map[string][]chan struct{}
	waiting int
}

// NewFairLimiter returns a FairLimiter that admits limit streams at once.
func NewFairLimiter(limit int) *FairLimiter {
	return &FairLimiter{free: limit, waiters: map[string][]chan struct{}{}}
}

// Acquire waits until a stream of the group may open, or returns an error when ctx
// ends first. The caller must call Release unless Acquire returned an error.
func (l *FairLimiter) Acquire(ctx context.Context, group string) error {
	l.mu.Lock()
	if l.free > 0 {
		l.free--
		l.mu.Unlock()
		return nil
	}
	admitted := make(chan struct{})
	if len(l.waiters[group]) == 0 {
		l.groups = append(l.groups, group)
	}
	l.waiters[group] = append(l.waiters[group], admitted)
	l.waiting++
	streamsWaiting.Inc()
	l.mu.Unlock()

	select {
	case <-admitted:
		return nil
	case <-ctx.Done():
		l.cancel(group, admitted)
		return ctx.Err()
	}
}

// Release admits the next waiter, of the next group.
func (l *FairLimiter) Release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.release()
}

// release is Release for a caller that holds the lock.
func (l *FairLimiter) release() {
	if len(l.groups) == 0 {
		l.free++
		return
	}
	group := l.groups[0]
	admitted := l.waiters[group][0]
	l.remove(group, 0)
	if len(l.waiters[group]) > 0 {
		l.groups = append(l.groups[1:], group)
	}
	close(admitted)
}

// Contended returns whether a stream waits in Acquire.
func (l *FairLimiter) Contended() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.waiting > 0
}

// cancel removes a waiter from its queue. When Release admitted the waiter at the
// same moment, cancel admits the next one instead.
func (l *FairLimiter) cancel(group string, admitted chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.Index(l.waiters[group], admitted); i >= 0 {
		l.remove(group, i)
	} else {
		l.release()
	}
}

// remove removes a waiter from its queue, and the group with its last waiter.
func (l *FairLimiter) remove(group string, i int) {
	l.waiters[group] = slices.Delete(l.waiters[group], i, i+1)
	if len(l.waiters[group]) == 0 {
		delete(l.waiters, group)
		k := slices.Index(l.groups, group)
		l.groups = slices.Delete(l.groups, k, k+1)
	}
	l.waiting--
	streamsWaiting.Dec()
}
