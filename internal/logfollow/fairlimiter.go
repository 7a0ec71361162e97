package logfollow

import (
	"context"
	"slices"
	"sync"
)

// FairLimiter bounds how many streams are open at once. Who waits is let in by turns
// of the groups, so that none with many members starves another.
type FairLimiter struct {
	mu      sync.Mutex
	free    int
	groups  []string
	waiters map[string][]chan struct{}
	waiting int
}

// NewFairLimiter makes one that lets in so many at once.
func NewFairLimiter(limit int) *FairLimiter {
	return &FairLimiter{free: limit, waiters: map[string][]chan struct{}{}}
}

// Acquire waits for a turn of the group's, or for the context's end. Release must
// follow unless there is an error.
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

// Release gives the turn to the next one.
func (l *FairLimiter) Release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.release()
}

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

// Contended says whether somebody waits.
func (l *FairLimiter) Contended() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.waiting > 0
}

// cancel takes a turn out of the queue, or passes it on if it came just now.
func (l *FairLimiter) cancel(group string, admitted chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.Index(l.waiters[group], admitted); i >= 0 {
		l.remove(group, i)
	} else {
		l.release()
	}
}

// remove takes a turn out of the queue, and with its last one the group.
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
