package plan

import (
	"math"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

func TestSlots(t *testing.T) {
	g := NewWithT(t)
	spec := func(parallelism string) int {
		return slots(&wrappers.Job("ns", "j").Parallelism(parallelism).Spec, 25)
	}
	g.Expect(slots(&wrappers.Job("ns", "j").Spec, 25)).To(Equal(unlimited))
	g.Expect(spec("7")).To(Equal(7))
	g.Expect(spec("10%")).To(Equal(2), "rounded down")
	g.Expect(spec("1%")).To(Equal(1), "at least one")
	g.Expect(spec("100%")).To(Equal(25))
	g.Expect(spec("nonsense")).To(Equal(1), "the least")
}

func TestToleratedFailures(t *testing.T) {
	g := NewWithT(t)
	spec := func(tolerated string) int {
		return toleratedFailures(&wrappers.Job("ns", "j").MaxFailedNodes(tolerated).Spec, 25)
	}
	g.Expect(toleratedFailures(&wrappers.Job("ns", "j").Spec, 25)).To(BeZero())
	g.Expect(spec("3")).To(Equal(3))
	g.Expect(spec("5%")).To(Equal(1), "rounded down")
	g.Expect(spec("3%")).To(Equal(0), "rounded down")
	g.Expect(spec("nonsense")).To(BeZero(), "the least")
}

func TestDeadline(t *testing.T) {
	g := NewWithT(t)
	is := func(j *wrappers.JobWrapper) bool {
		_, ok := deadline(&j.Spec, &now)
		return ok
	}
	at, ok := deadline(&wrappers.Job("ns", "j").Deadline(90).Spec, &now)
	g.Expect(ok).To(BeTrue())
	g.Expect(at).To(Equal(now.Add(91*time.Second)), "never early, although times are cut to seconds")
	for _, seconds := range []int64{9_223_372_037, math.MaxInt64} {
		at, _ = deadline(&wrappers.Job("ns", "j").Deadline(seconds).Spec, &now)
		g.Expect(at).To(Equal(now.Add((v1beta1.MaxDeadlineSeconds+1)*time.Second)), "a time.Duration cannot hold it")
	}
	g.Expect(is(wrappers.Job("ns", "j"))).To(BeFalse())
	g.Expect(is(wrappers.Job("ns", "j").Deadline(90).Never())).To(BeFalse())
	_, ok = deadline(&wrappers.Job("ns", "j").Deadline(90).Spec, nil)
	g.Expect(ok).To(BeFalse(), "a Job that has not started")
}

func TestStartTime(t *testing.T) {
	g := NewWithT(t)
	start := func(j *wrappers.JobWrapper, hash string) *time.Time {
		s := &State{Job: j.Obj(), Now: now, TemplateHash: hash}
		if at := s.startTime(); at != nil {
			return &at.Time
		}
		return nil
	}
	before := now.Add(-10 * time.Second)
	fresh := wrappers.Job("ns", "j")
	g.Expect(*start(fresh, hash)).To(Equal(now))
	g.Expect(start(fresh.Suspend(true), hash)).To(BeNil())
	g.Expect(*start(job(), hash)).To(Equal(before))
	g.Expect(*start(job(), "h2")).To(Equal(now), "what runs has changed")
	g.Expect(*start(job().Suspend(true), hash)).To(Equal(before))
	g.Expect(*start(job().Status(suspendedBy("x")), hash)).To(Equal(now), "resumed")
}
