package main

import (
	"context"
	"time"
)

// settle is how long the operator may take to get over the start of the pods.
const settle = 10 * time.Second

// stayQuiet waits while nothing happens, counts what was asked for, and lets the
// nodes be done. It returns when.
func (l *lab) stayQuiet(ctx context.Context, s scenario, quiet time.Duration, seen *observer, r *result) (time.Time, error) {
	if err := seen.await(ctx, limit, "all pods run", func(o *observer) bool { return o.done >= r.Pods }); err != nil {
		return time.Time{}, err
	}
	if err := pause(ctx, settle); err != nil {
		return time.Time{}, err
	}
	from, err := l.audit.end()
	if err != nil {
		return time.Time{}, err
	}
	if err := pause(ctx, quiet); err != nil {
		return time.Time{}, err
	}
	idle, err := l.audit.since(from)
	if err != nil {
		return time.Time{}, err
	}
	perMinute := float64(total(idle)) / quiet.Minutes()
	r.IdlePerMinute = &perMinute
	return time.Now(), l.appendLog(s.namespace, "done")
}

// pause for some time, or until the context ends.
func pause(ctx context.Context, long time.Duration) error {
	select {
	case <-time.After(long):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
