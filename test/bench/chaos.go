package main

import (
	"context"
	"time"
)

const (
	// leaderPatience is an outage of the API server after which a leader may exit. It
	// does so after 10 s without an answer, and its last one was a moment before.
	leaderPatience = 8 * time.Second
	// leaderNotices is how long after the outage it may still do so.
	leaderNotices = 15 * time.Second
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
			s.serverDue, s.serverKilled = due, time.Now()
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
		s.outage, s.serverBack = time.Since(s.serverKilled), time.Now()
	}
	s.restartLeaders()
	if due(&s.managerDue) {
		if err := s.env.startManager(s.operator); err != nil {
			return err
		}
	}
	if due(&s.terminatorDue) {
		if err := s.env.startTerminator(s.operator); err != nil {
			return err
		}
	}
	if s.managerDue.IsZero() && s.terminatorDue.IsZero() && !s.leaderMayExit() {
		return s.operator.alive()
	}
	return nil
}

// leaderMayExit returns whether the API server was just away for so long that a leader
// gives up. A slow machine takes that long to start it.
func (s *soak) leaderMayExit() bool {
	return s.outage >= leaderPatience && time.Since(s.serverBack) < leaderNotices
}

// restartLeaders lets leaders that gave up start again, as the kubelet does.
func (s *soak) restartLeaders() {
	if !s.leaderMayExit() {
		return
	}
	for due, p := range map[*time.Time]*process{&s.managerDue: s.operator.manager, &s.terminatorDue: s.operator.terminator} {
		if due.IsZero() && p.hasEnded() {
			s.counts["leader gave up"]++
			*due = time.Now()
		}
	}
}
