package schedule

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

func TestNameTaken(t *testing.T) {
	for name, change := range map[string]func(*v1beta1.Job){
		"by nobody's Job":           func(job *v1beta1.Job) { job.OwnerReferences = nil },
		"by another CronJob's":      func(job *v1beta1.Job) { job.OwnerReferences[0].UID = "other" },
		"by an earlier CronJob's":   func(job *v1beta1.Job) { job.OwnerReferences[0].UID = "c-uid-before" },
		"by one it owns in part":    func(job *v1beta1.Job) { job.OwnerReferences[0].Controller = nil },
		"by one that looks like it": func(job *v1beta1.Job) { job.OwnerReferences[0].Controller = new(false) },
	} {
		t.Run(name, func(t *testing.T) {
			g, s := NewWithT(t), newStage(t, theCronJob("0 * * * *"))
			foreign := childAt(s.cronJob, utc(t, "2026-06-01 01:00"), completed, change)
			foreign.UID = "foreign"
			s.foreign = []*v1beta1.Job{foreign}
			s.to(utc(t, "2026-06-01 01:00")).eachMinute(utc(t, "2026-06-01 01:59"))
			reason, message := s.ready()
			g.Expect(reason).To(Equal(v1beta1.ReasonNameTaken))
			g.Expect(s.stalled()).To(Equal(v1beta1.ReasonNameTaken))
			g.Expect(message).To(ContainSubstring(foreign.Name))
			g.Expect(s.said()).To(Equal([]string{v1beta1.ReasonNameTaken}))
			g.Expect(s.created).To(BeEmpty())
			g.Expect(s.deleted).To(BeEmpty())
			g.Expect(s.cronJob.Status.LastRun).To(BeNil())
			g.Expect(s.cronJob.Status.Pending.UID).To(BeEmpty())
			s.to(utc(t, "2026-06-01 02:00"))
			g.Expect(s.runs()).To(Equal([]string{"01 02:00 +00:00"}))
			g.Expect(s.said()).To(Equal([]string{v1beta1.ReasonNameTaken, "RunDropped"}))
			g.Expect(s.stalled()).To(BeEmpty())
		})
	}
}

func TestNameIsFreeAgain(t *testing.T) {
	g, s := NewWithT(t), newStage(t, theCronJob("0 * * * *"))
	foreign := childAt(s.cronJob, utc(t, "2026-06-01 01:00"))
	foreign.UID, foreign.OwnerReferences = "foreign", nil
	s.foreign = []*v1beta1.Job{foreign}
	s.to(utc(t, "2026-06-01 01:20"))
	g.Expect(s.stalled()).To(Equal(v1beta1.ReasonNameTaken))
	s.foreign = nil
	s.wait(time.Minute)
	g.Expect(s.runs()).To(Equal([]string{"01 01:00 +00:00"}))
	g.Expect(s.stalled()).To(BeEmpty())
}

func TestJobRefused(t *testing.T) {
	g, s := NewWithT(t), newStage(t, theCronJob("0 * * * *"))
	s.refuses = "exceeded quota: jobs=0"
	s.to(utc(t, "2026-06-01 01:00")).eachMinute(utc(t, "2026-06-01 01:30"))
	reason, message := s.ready()
	g.Expect(reason).To(Equal(v1beta1.ReasonJobRefused))
	g.Expect(s.stalled()).To(Equal(v1beta1.ReasonJobRefused))
	g.Expect(message).To(And(ContainSubstring("exceeded quota: jobs=0"), ContainSubstring(s.at("2026-06-01 01:00"))))
	g.Expect(s.said()).To(Equal([]string{v1beta1.ReasonJobRefused}))
	g.Expect(s.events[0].Type).To(Equal("Warning"))
	g.Expect(s.cronJob.Status.Pending.Name).To(Equal(s.at("2026-06-01 01:00")))

	s.refusal = nil // Another manager starts, and has not tried.
	written := s.cronJob.Status.DeepCopy()
	s.settle()
	g.Expect(s.cronJob.Status.Conditions).To(Equal(written.Conditions))
	g.Expect(s.said()).To(HaveLen(1))

	s.to(utc(t, "2026-06-01 02:00")) // The next run replaces it, and is refused too.
	g.Expect(s.cronJob.Status.Pending.Name).To(Equal(s.at("2026-06-01 02:00")))
	g.Expect(s.stalled()).To(Equal(v1beta1.ReasonJobRefused))
	g.Expect(s.results).To(Equal([]Result{Dropped}))
	_, message = s.ready()
	g.Expect(message).To(ContainSubstring(s.at("2026-06-01 02:00")))

	s.refuses, s.refusal = "", nil
	s.wait(30 * time.Second)
	g.Expect(s.runs()).To(Equal([]string{"01 02:00 +00:00"}))
	g.Expect(s.stalled()).To(BeEmpty())
	g.Expect(s.results).To(Equal([]Result{Dropped}))
}

// TestRefusalOfAnotherRun is for what the manager remembers of a run that was replaced.
func TestRefusalOfAnotherRun(t *testing.T) {
	g, at := NewWithT(t), utc(t, "2026-06-01 03:00")
	c := theCronJob("0 3 * * *", observedBefore, withPending(at, ""))
	d, flaws := flawsOf(&State{CronJob: c, Now: at, Refusal: &Refusal{Name: "c-1", Message: "exceeded quota"}})
	g.Expect(flaws).To(BeEmpty())
	g.Expect(d.Create).NotTo(BeNil())
	for _, condition := range d.Status.Conditions {
		g.Expect(condition.Reason).To(Equal(v1beta1.ReasonScheduled))
	}
}

func TestGuardMissing(t *testing.T) {
	g, s := NewWithT(t), newStage(t, theCronJob("0 * * * *", withHistory(0, 0)))
	s.jobs = append(s.jobs, manualChild(s.cronJob, "abcde", s.now))
	s.settle()
	s.guard.Missing = "the policy is missing: apply it"
	s.to(utc(t, "2026-06-01 01:00")).eachMinute(utc(t, "2026-06-01 03:20"))
	reason, message := s.ready()
	g.Expect(reason).To(Equal(v1beta1.ReasonGuardMissing))
	g.Expect(message).To(ContainSubstring("apply it"))
	g.Expect(s.stalled()).To(BeEmpty())
	g.Expect(s.cronJob.Status.LastScheduleTime).To(BeNil(), "the run is not consumed")
	g.Expect(s.cronJob.Status.Pending).To(BeNil())
	s.change("c-manual-abcde", completed)
	g.Expect(s.results).To(Equal([]Result{Complete}), "what ran is observed")
	g.Expect(s.deleted).To(HaveLen(1))
	s.guard.Missing = ""
	s.wait(time.Second)
	g.Expect(s.runs()).To(Equal([]string{"01 03:00 +00:00"}))
}

func TestNotVouchedFor(t *testing.T) {
	for name, test := range map[string]struct {
		since   time.Duration // after the creation
		changes []func(*v1beta1.CronJob)
		runs    bool
	}{
		"the policy is older":                         {-time.Second, nil, true},
		"of the same second":                          {0, nil, true},
		"the policy is younger":                       {time.Second, nil, false},
		"the policy is younger, and it ran before":    {time.Hour, []func(*v1beta1.CronJob){lastScheduled(time.Date(2026, 6, 1, 0, 30, 0, 0, time.UTC))}, true},
		"the policy is younger, and a run is pending": {time.Hour, []func(*v1beta1.CronJob){withPending(time.Date(2026, 6, 1, 0, 30, 0, 0, time.UTC), "")}, true},
	} {
		t.Run(name, func(t *testing.T) {
			g, s := NewWithT(t), newStage(t, theCronJob("*/30 * * * *", append(test.changes, withPolicy(v1beta1.AllowConcurrent), observedBefore)...))
			s.guard.Since = s.now.Add(test.since)
			s.to(utc(t, "2026-06-01 00:31")).to(utc(t, "2026-06-01 01:00")).eachMinute(utc(t, "2026-06-01 01:10"))
			if test.runs {
				g.Expect(s.created).To(ContainElement(s.at("2026-06-01 01:00")))
				g.Expect(s.stalled()).To(BeEmpty())
				return
			}
			g.Expect(s.created).To(BeEmpty())
			g.Expect(s.stalled()).To(Equal(v1beta1.ReasonNotVouchedFor))
			g.Expect(s.said()).To(Equal([]string{v1beta1.ReasonNotVouchedFor}))
			g.Expect(s.cronJob.Status.LastScheduleTime).To(BeNil())
			s.jobs = append(s.jobs, manualChild(s.cronJob, "abcde", s.now))
			s.wait(time.Minute)
			g.Expect(s.stalled()).To(Equal(v1beta1.ReasonNotVouchedFor), "a run by hand vouches for nothing")
		})
	}
}
