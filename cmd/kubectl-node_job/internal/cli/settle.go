package cli

import (
	"context"
	"slices"
	"time"

	"github.com/darkowlzz/daemonset-job/internal/plan"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/fleet"
)

const (
	// settleTime is how long the watches may take to catch up with each other.
	settleTime = time.Second
	// settleTimeout is how long the lists may take that are read if they do not.
	settleTimeout = 10 * time.Second
)

// settle returns the state of a Job that is over, with its pods and records as of then. The watch
// of the Job can be ahead of theirs, by seconds if the API server was gone. Nodes then seem not
// to have run. If the watches do not catch up, each kind is listed once.
func (a *app) settle(ctx context.Context, client *fleet.Client, f *fleet.Follower, s *fleet.Snapshot) *fleet.Snapshot {
	if !s.Verdict().Over {
		return s
	}
	deadline := time.After(settleTime)
	for !s.Deleted && a.seemsNotToHaveRun(s) {
		select {
		case <-f.Changed():
			s = f.Snapshot()
		case <-deadline:
			ctx, cancel := context.WithTimeout(ctx, settleTimeout)
			defer cancel()
			if live, err := client.Around(ctx, s.Job); err == nil {
				return live
			}
			return s
		case <-ctx.Done():
			return s
		}
	}
	return s
}

// seemsNotToHaveRun returns whether some node was not done when the Job was over.
func (a *app) seemsNotToHaveRun(s *fleet.Snapshot) bool {
	return slices.ContainsFunc(s.Views(a.now()), func(v plan.NodeView) bool { return v.State == plan.NodeNotRun })
}
