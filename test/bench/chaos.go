package main

import (
	"context"
	"time"
)

// kill kills the manager, the terminator or the API server at random, in three steps of
// a hundred.
func (s *soak) kill() error {
	due := time.Now().Add(time.Duration(s.random.IntN(4000)) * time.Millisecond)
	switch s.random.IntN(200) {
	case 0, 1:
		if s.managerDue.IsZero() {
			s.counts["manager killed"]++
			s.operator.manager.kill()
			s.managerDue = due
		}
	case 2, 3:
		if s.terminatorDue.IsZero() {
			s.counts["terminator killed"]++
			s.operator.terminator.kill()
			s.terminatorDue = due
		}
	case 4, 5:
		if s.serverDue.IsZero() {
			s.counts["API server killed"]++
			s.serverDue = due
			return s.env.cluster.Kill("kube-apiserver")
		}
	}
	return nil
}

// revive starts each killed process whose time has come. With all, it starts each
// killed process now.
func (s *soak) revive(ctx context.Context, all bool) error {
	due := func(at *time.Time) bool {
		if at.IsZero() || !all && time.Now().Before(*at) {
			return false
		}
		*at = time.Time{}
		return true
	}
	if due(&s.serverDue) {
		if err := s.env.cluster.StartAPIServer(ctx); err != nil {
			return err
		}
	}
	if due(&s.managerDue) {
		if err := s.env.startManager(s.operator); err != nil {
			return err
		}
	}
	if due(&s.terminatorDue) {
		if err := s.env.startTerminator(s.operator, fewStreams); err != nil {
			return err
		}
	}
	if s.managerDue.IsZero() && s.terminatorDue.IsZero() {
		return s.operator.alive()
	}
	return nil
}
