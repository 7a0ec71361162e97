package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func TestTroubleReachesTheJobsOfItsNode(t *testing.T) {
	g := NewWithT(t)
	job := func(tolerates bool, nodes ...string) *soakJob {
		return &soakJob{nodes: nodes, tolerates: tolerates, troubled: map[string]bool{}}
	}
	s := &soak{
		random: rand.New(rand.NewPCG(1, 0)), nodes: []string{"a", "b", "c"}, troubles: map[string]*trouble{},
		jobs: map[string]*soakJob{"there": job(false, "a", "b"), "tolerant": job(true, "a"), "elsewhere": job(false, "c")},
	}
	g.Expect(s.spared("a")).To(BeFalse())
	healed := errors.New("not yet")
	s.bring("a", time.Hour, &trouble{
		spares: func(job *soakJob) bool { return job.tolerates },
		heal:   func(context.Context) error { return healed },
	})
	g.Expect(s.jobs["there"].troubled).To(Equal(map[string]bool{"a": true}))
	g.Expect(s.jobs["tolerant"].troubled).To(BeEmpty())
	g.Expect(s.jobs["elsewhere"].troubled).To(BeEmpty())
	g.Expect(s.spared("a")).To(BeTrue())

	g.Expect(s.recover(t.Context(), false)).To(Succeed(), "its time has not come")
	g.Expect(s.recover(t.Context(), true)).To(MatchError("not yet"))
	g.Expect(s.troubles).To(HaveKey("a"), "it is healed later")
	healed = nil
	g.Expect(s.recover(t.Context(), true)).To(Succeed())
	g.Expect(s.troubles).To(BeEmpty())
}
