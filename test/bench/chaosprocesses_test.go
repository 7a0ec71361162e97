package main

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func TestOnlyAnOutageExcusesALeaderThatExits(t *testing.T) {
	ended := make(chan struct{})
	close(ended)
	for name, test := range map[string]struct {
		outage, back time.Duration
		restarts     bool
	}{
		"no outage":               {0, time.Second, false},
		"a short one":             {leaderPatience - 1, time.Second, false},
		"a long one":              {leaderPatience, time.Second, true},
		"a long one, a while ago": {leaderPatience, leaderNotices, false},
	} {
		g := NewWithT(t)
		s := &soak{
			counts: map[string]int{}, outage: test.outage, serverBack: time.Now().Add(-test.back),
			operator: &operator{manager: &process{name: "manager", ended: ended}, terminator: &process{name: "terminator", ended: make(chan struct{})}},
		}
		s.restartLeaders()
		g.Expect(!s.managerDue.IsZero()).To(Equal(test.restarts), name)
		g.Expect(s.terminatorDue).To(BeZero(), "it runs")
		g.Expect(s.operator.alive()).To(MatchError(ContainSubstring("the manager has ended by itself")))
	}
}
