package schedule

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

func TestStartingDeadline(t *testing.T) {
	for name, test := range map[string]struct {
		deadline int64
		late     time.Duration
		runs     bool
	}{
		"in time":                    {60, 0, true},
		"at the deadline":            {60, 60 * time.Second, true},
		"a second after it":          {60, 61 * time.Second, false},
		"no lateness at all":         {0, 0, true},
		"no lateness at all, late":   {0, time.Second, false},
		"sixty-eight years":          {2147483647, 30 * time.Minute, true},
		"a deadline of three months": {7776000, 50 * time.Minute, true},
	} {
		t.Run(name, func(t *testing.T) {
			g, s := NewWithT(t), newStage(t, theCronJob("0 * * * *", withDeadline(test.deadline)))
			due := utc(t, "2026-06-01 01:00")
			s.to(utc(t, "2026-06-01 00:30")).to(due.Add(test.late)).settle().wait(time.Second)
			if test.runs {
				g.Expect(s.runs()).To(Equal([]string{"01 01:00 +00:00"}))
				g.Expect(s.said()).To(BeEmpty())
				g.Expect(s.cronJob.Status.LastScheduleTime.UTC()).To(Equal(due))
				return
			}
			g.Expect(s.created).To(BeEmpty())
			g.Expect(s.said()).To(Equal([]string{"MissSchedule"}))
			g.Expect(s.events[0].Type).To(Equal("Warning"))
			g.Expect(s.results).To(Equal([]Result{Missed}))
			g.Expect(s.cronJob.Status.ScheduleSince.UTC()).To(Equal(due))
			g.Expect(s.cronJob.Status.LastScheduleTime).To(BeNil())
			reason, _ := s.ready()
			g.Expect(reason).To(Equal(v1beta1.ReasonScheduled))
			s.to(due.Add(time.Hour))
			g.Expect(s.runs()).To(Equal([]string{"01 02:00 +00:00"}))
			g.Expect(s.said()).To(Equal([]string{"MissSchedule"}))
		})
	}
}

func TestMissedRuns(t *testing.T) {
	for name, test := range map[string]struct {
		play    func(t *testing.T, s *stage)
		runs    []string
		said    []string
		results []Result
	}{
		"three weeks down: one is missed": {func(t *testing.T, s *stage) {
			s.to(utc(t, "2026-06-01 00:30")).to(utc(t, "2026-06-22 12:34")).wait(time.Minute)
		}, []string{}, []string{"MissSchedule"}, []Result{Missed}},
		"three weeks down, in time for the latest": {func(t *testing.T, s *stage) {
			s.to(utc(t, "2026-06-01 00:30")).to(utc(t, "2026-06-22 12:01"))
		}, []string{"22 12:00 +00:00"}, []string{}, nil},
		"suspended: none is missed meanwhile, and the latest afterwards": {func(t *testing.T, s *stage) {
			s.edit(suspended).eachMinute(utc(t, "2026-06-01 11:30"))
			if len(s.said()) > 0 {
				t.Errorf("suspended, it said %v", s.said())
			}
			s.edit(resumed).wait(time.Minute)
		}, []string{}, []string{"MissSchedule"}, []Result{Missed}},
		"suspended, and resumed in time": {func(t *testing.T, s *stage) {
			s.edit(suspended).eachMinute(utc(t, "2026-06-01 11:01"))
			s.edit(resumed)
		}, []string{"01 11:00 +00:00"}, []string{}, nil},
		"each of two": {func(t *testing.T, s *stage) {
			s.to(utc(t, "2026-06-01 01:30")).to(utc(t, "2026-06-01 02:30")).to(utc(t, "2026-06-01 03:00"))
		}, []string{"01 03:00 +00:00"}, []string{"MissSchedule", "MissSchedule"}, []Result{Missed, Missed}},
		"missed, the clock set back, and not again": {func(t *testing.T, s *stage) {
			s.to(utc(t, "2026-06-01 01:30")).to(utc(t, "2026-06-01 01:00")).wait(time.Minute).wait(time.Hour)
		}, []string{"01 02:00 +00:00"}, []string{"MissSchedule"}, []Result{Missed}},
		"the deadline is made longer: what is missed is missed": {func(t *testing.T, s *stage) {
			s.to(utc(t, "2026-06-01 01:30")).edit(withDeadline(3600))
		}, []string{}, []string{"MissSchedule"}, []Result{Missed}},
		"waiting for the last one until it is too late": {func(t *testing.T, s *stage) {
			s.to(utc(t, "2026-06-01 01:00")).eachMinute(utc(t, "2026-06-01 02:10"))
			s.change(s.at("2026-06-01 01:00"), completeAt(s.now)).wait(time.Minute)
		}, []string{"01 01:00 +00:00"}, []string{"JobAlreadyActive", "MissSchedule"}, []Result{Missed, Complete}},
		"waiting for the last one, and in time": {func(t *testing.T, s *stage) {
			s.to(utc(t, "2026-06-01 01:00")).eachMinute(utc(t, "2026-06-01 02:01"))
			s.change(s.at("2026-06-01 01:00"), failedAt(s.now)).wait(time.Minute)
		}, []string{"01 01:00 +00:00", "01 02:00 +00:00"}, []string{"JobAlreadyActive"}, []Result{Failed}},
		"the policy is missing until it is too late": {func(t *testing.T, s *stage) {
			s.guard.Missing = "apply it"
			s.eachMinute(utc(t, "2026-06-01 01:10"))
			s.guard.Missing = ""
			s.wait(time.Minute)
		}, []string{}, []string{"MissSchedule"}, []Result{Missed}},
	} {
		t.Run(name, func(t *testing.T) {
			g, s := NewWithT(t), newStage(t, theCronJob("0 * * * *", withDeadline(120)))
			test.play(t, s)
			g.Expect(s.runs()).To(Equal(test.runs))
			g.Expect(s.said()).To(Equal(test.said))
			g.Expect(s.results).To(Equal(test.results))
		})
	}
}
