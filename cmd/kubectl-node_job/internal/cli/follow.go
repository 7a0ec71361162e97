package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/fleet"
)

// follow calls show with each new state of a Job, at most once in every, until show is done or
// the context is. tick is after how long show is called although nothing changed, 0 for never.
func follow(ctx context.Context, f *fleet.Follower, every, tick time.Duration, show func(*fleet.Snapshot) (done bool, err error), note func(string)) error {
	defer f.Stop()
	var ticks <-chan time.Time
	if tick > 0 {
		ticker := time.NewTicker(tick)
		defer ticker.Stop()
		ticks = ticker.C
	}
	for {
		if done, err := show(f.Snapshot()); done || err != nil {
			return err
		}
		select {
		case <-time.After(every):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	wait:
		for {
			select {
			case text := <-f.Notes():
				note(text)
			case <-f.Changed():
				break wait
			case <-ticks:
				break wait
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}
}

// say prints a line to the error stream.
func (a *app) say(format string, args ...any) {
	_, _ = fmt.Fprintf(a.ErrOut, format+"\n", args...)
}

// print prints a line to the output.
func (a *app) print(format string, args ...any) error {
	_, err := fmt.Fprintf(a.Out, format+"\n", args...)
	return err
}
