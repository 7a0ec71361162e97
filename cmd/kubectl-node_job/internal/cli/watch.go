package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/darkowlzz/daemonset-job/internal/plan"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/fleet"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/nodeview"
)

// watch follows a Job until it is over: on a terminal in place, elsewhere a line a change.
func (a *app) watch(ctx context.Context, client *fleet.Client, name string, wide bool) error {
	job, err := client.Job(ctx, name)
	if err != nil {
		return err
	}
	follower, err := client.Follow(ctx, job, false)
	if err != nil {
		return err
	}
	for _, line := range follower.Snapshot().Missing() {
		a.say("%s", line)
	}
	show, tick := a.showChanges(), time.Duration(0)
	if a.moves(a.Out) {
		show, tick = a.showInPlace(wide), time.Second
	}
	var last *fleet.Snapshot
	err = follow(ctx, follower, 200*time.Millisecond, tick, func(s *fleet.Snapshot) (bool, error) {
		s = a.settle(ctx, client, follower, s)
		last = s
		if err := show(s); err != nil {
			return false, err
		}
		return s.Verdict().Over, nil
	}, func(text string) { a.say("%s", text) })
	if err != nil {
		return err
	}
	if last.Deleted {
		a.say("Job %s/%s was deleted: %s", job.Namespace, job.Name, last.Verdict().Message)
	}
	return statusCode(last)
}

// showInPlace returns what overwrites the last state on a terminal. Lines above stay.
func (a *app) showInPlace(wide bool) func(*fleet.Snapshot) error {
	shown := 0
	return func(s *fleet.Snapshot) error {
		width, height, _ := terminalSize(a.Out)
		lines, err := nodeview.Screen(s.Job, s.Views(a.now()), a.now(), wide, width, height)
		if err != nil {
			return err
		}
		back := ""
		if shown > 0 {
			back = fmt.Sprintf("\x1b[%dA", shown)
		}
		shown = len(lines)
		_, err = fmt.Fprint(a.Out, back+"\r\x1b[J"+strings.Join(lines, "\n")+"\n")
		return err
	}
}

// showChanges returns what prints the header when it changes, and a line for each node that
// does.
func (a *app) showChanges() func(*fleet.Snapshot) error {
	var header string
	var before []plan.NodeView
	return func(s *fleet.Snapshot) error {
		after := s.Views(a.now())
		nodeview.Sort(after)
		lines := nodeview.Changes(before, after)
		before = after
		if text := strings.Join(nodeview.Header(s.Job, time.Time{}), "\n"); text != header {
			header = text
			lines = append(lines, text)
		}
		for _, line := range lines {
			if err := a.print("%s", line); err != nil {
				return err
			}
		}
		return nil
	}
}
