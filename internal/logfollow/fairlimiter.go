package logfollow

import (
	"context"
	"sync"
	"time"
)

// debtPeriod is how often FairLimiter looks whether a Job has paid its debt.
const debtPeriod = 50 * time.Millisecond

// FairLimiter bounds how many streams are open at once, and how much they read. It admits
// waiters by turns of their namespaces and Jobs.
//
// What is read counts only while the logs of several Jobs are followed. A Job alone may read
// as much as it can: no other Job waits for it.
type FairLimiter struct {
	mu     sync.Mutex
	free   int
	turns  turns
	budget *budget
	// followed counts the streams of each Job that are open or wait.
	followed map[Group]int
	// timer admits waiters whose Job has paid. It is nil while no waiter does.
	timer *time.Timer
}

// NewFairLimiter returns a FairLimiter that admits limit streams at once, which together
// may read so many bytes a second. Zero bytes mean no limit.
func NewFairLimiter(limit int, bytesPerSecond int64) *FairLimiter {
	return &FairLimiter{free: limit, budget: newBudget(bytesPerSecond), followed: map[Group]int{}}
}

// Turn is the right to open one stream.
type Turn struct {
	limiter *FairLimiter
	group   Group
	// prepaid are the bytes that were charged when the turn began.
	prepaid int
}

// Acquire waits until a stream of the group may open, or returns an error when ctx
// ends first. expected is how much it will probably read, which is charged at once: without
// that, all waiters of a Job would be admitted when it has paid for one of them.
// The caller must call End unless Acquire returned an error.
func (l *FairLimiter) Acquire(ctx context.Context, group Group, expected int) (*Turn, error) {
	w := &waiter{group: group, expected: expected, admitted: make(chan struct{})}
	l.mu.Lock()
	l.followed[group]++
	l.turns.add(w)
	streamsWaiting.Inc()
	l.admit()
	l.mu.Unlock()

	select {
	case <-w.admitted:
		return &Turn{limiter: l, group: group, prepaid: w.expected}, nil
	case <-ctx.Done():
		l.cancel(w)
		return nil, ctx.Err()
	}
}

// Spend charges the Job with n bytes, and returns whether it is overdrawn: the stream should
// then end its turn, and wait for the next one.
func (t *Turn) Spend(n int) (overdrawn bool) {
	t.limiter.mu.Lock()
	defer t.limiter.mu.Unlock()
	prepaid := min(n, t.prepaid)
	t.prepaid -= prepaid
	if !t.limiter.competing() {
		return false
	}
	t.limiter.budget.charge(t.group, n-prepaid)
	t.limiter.budget.pay(time.Now())
	return t.limiter.budget.overdrawn(t.group)
}

// End ends the turn, and admits the next waiter.
func (t *Turn) End() {
	t.limiter.mu.Lock()
	defer t.limiter.mu.Unlock()
	t.limiter.budget.charge(t.group, -t.prepaid)
	t.limiter.end(t.group)
}

// Contended returns whether a stream waits for one that is open.
func (l *FairLimiter) Contended() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	// While all open streams are silent, nothing else pays what a waiter owes.
	l.budget.pay(time.Now())
	return l.turns.has(l.mayRead)
}

// admit admits waiters while streams are free. The caller holds the lock.
func (l *FairLimiter) admit() {
	l.budget.pay(time.Now())
	for l.free > 0 {
		w := l.turns.next(l.mayRead)
		if w == nil {
			l.awaitPayment()
			return
		}
		l.free--
		streamsWaiting.Dec()
		if !l.competing() {
			w.expected = 0
		}
		l.budget.charge(w.group, w.expected)
		close(w.admitted)
	}
}

// awaitPayment admits waiters later if only a debt keeps them. The caller holds the lock.
func (l *FairLimiter) awaitPayment() {
	if l.timer != nil || len(l.turns.namespaces) == 0 {
		return
	}
	l.timer = time.AfterFunc(debtPeriod, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.timer = nil
		l.admit()
	})
}

// competing returns whether the logs of several Jobs are followed.
func (l *FairLimiter) competing() bool { return len(l.followed) > 1 }

// mayRead returns whether a waiter of the group may be admitted.
func (l *FairLimiter) mayRead(group Group) bool {
	return !l.competing() || !l.budget.overdrawn(group)
}

// end frees a stream of the group. A stream that only begins its next turn is gone for a
// moment, so the waiters of another Job are admitted before that Job seems to be alone.
func (l *FairLimiter) end(group Group) {
	l.free++
	l.admit()
	l.leave(group)
}

// leave removes a stream from those that are followed.
func (l *FairLimiter) leave(group Group) {
	if l.followed[group]--; l.followed[group] == 0 {
		delete(l.followed, group)
	}
}

// cancel removes a waiter. When it was admitted at the same moment, cancel admits the
// next one instead.
func (l *FairLimiter) cancel(w *waiter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.turns.remove(w) {
		streamsWaiting.Dec()
		l.leave(w.group)
		return
	}
	l.budget.charge(w.group, -w.expected)
	l.end(w.group)
}
