package main

import (
	"context"
	"time"
)

// settleTime is how long the operator may need after the start of the pods until it is
// idle.
const settleTime = 10 * time.Second

// measureQuietPeriod counts the requests of a period in which nothing happens. Then it
// writes the word to all logs, and returns the time at which it did so.
func (e *env) measureQuietPeriod(ctx context.Context, s scenario, quiet time.Duration, progress *progressWatcher, r *result) (time.Time, error) {
	if err := progress.await(ctx, caseTimeout, "all pods run", func(p *progressWatcher) bool { return p.done >= r.Pods }); err != nil {
		return time.Time{}, err
	}
	if err := sleep(ctx, settleTime); err != nil {
		return time.Time{}, err
	}
	from, err := e.audit.end()
	if err != nil {
		return time.Time{}, err
	}
	if err := sleep(ctx, quiet); err != nil {
		return time.Time{}, err
	}
	idle, err := e.audit.since(from)
	if err != nil {
		return time.Time{}, err
	}
	perMinute := float64(total(idle)) / quiet.Minutes()
	r.IdlePerMinute = &perMinute
	return time.Now(), e.appendLog(s.namespace, "done")
}

// sleep waits for the duration, or until the context ends.
func sleep(ctx context.Context, duration time.Duration) error {
	select {
	case <-time.After(duration):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
