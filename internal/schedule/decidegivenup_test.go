package schedule

import (
	"slices"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// hindrances keep the Job of a pending run from being created, until they are undone.
var hindrances = map[string]struct{ hinder, undo func(*stage) }{
	"the name is taken": {func(s *stage) {
		foreign := childAt(s.cronJob, utc(s.t, "2026-06-01 03:00"))
		foreign.UID, foreign.OwnerReferences = "foreign", nil
		s.foreign = append(s.foreign, foreign)
	}, func(s *stage) { s.foreign = nil }},
	"refused":               {func(s *stage) { s.refuses = "exceeded quota" }, func(s *stage) { s.refuses = "" }},
	"the policy is missing": {func(s *stage) { s.guard.Missing = "apply it" }, func(s *stage) { s.guard.Missing = "" }},
	"forbidden since": {func(s *stage) { s.jobs = append(s.jobs, manualChild(s.cronJob, "abcde", s.now)) },
		func(s *stage) { completed(s.jobs[0]) }},
	"what it replaces takes its time": {func(s *stage) {
		s.cronJob.Spec.ConcurrencyPolicy = v1beta1.ReplaceConcurrent
		s.jobs = append(s.jobs, manualChild(s.cronJob, "abcde", s.now))
	}, func(s *stage) { s.jobs = nil }},
}

// hindered returns a stage with a pending run of 03:00 that could not be created.
func hindered(t *testing.T, hinder func(*stage), changes ...func(*v1beta1.CronJob)) *stage {
	t.Helper()
	s := newStage(t, theCronJob("0 3 * * *", append(changes, observedBefore, withPending(utc(t, "2026-06-01 03:00"), ""))...))
	s.now = utc(t, "2026-06-01 03:00").Add(5 * time.Second)
	hinder(s)
	s.settle()
	if s.cronJob.Status.Pending == nil || len(s.created) > 0 || len(s.results) > 0 {
		t.Fatalf("the run is not hindered: %+v, created %v, %v", s.cronJob.Status, s.created, s.results)
	}
	return s
}

// givenUp are the reasons of the events about runs that did not take place.
func (s *stage) givenUp() []string {
	reasons := []string{}
	for _, reason := range s.said() {
		if reason == "RunDropped" || reason == "MissSchedule" {
			reasons = append(reasons, reason)
		}
	}
	return reasons
}

// TestPendingIsGivenUp is for a run whose Job could not be created, and for what runs afterwards.
func TestPendingIsGivenUp(t *testing.T) {
	for name, test := range map[string]struct {
		changes []func(*v1beta1.CronJob)
		play    func(t *testing.T, s *stage)
		runs    []string
		said    []string
		results []Result
	}{
		"suspended": {nil, func(_ *testing.T, s *stage) { s.edit(suspended).wait(time.Hour) },
			[]string{}, []string{"RunDropped"}, []Result{Dropped}},
		"suspended and resumed": {nil, func(_ *testing.T, s *stage) { s.edit(suspended).edit(resumed).wait(time.Hour) },
			[]string{}, []string{"RunDropped"}, []Result{Dropped}},
		"past its deadline": {nil, func(_ *testing.T, s *stage) { s.edit(withDeadline(600)).wait(11 * time.Minute).wait(time.Hour) },
			[]string{}, []string{"RunDropped"}, []Result{Dropped}},
		"too late, and so is the next": {[]func(*v1beta1.CronJob){withDeadline(600)}, func(t *testing.T, s *stage) { s.to(utc(t, "2026-06-02 03:30")) },
			[]string{}, []string{"RunDropped", "MissSchedule"}, []Result{Dropped, Missed}},
		"too late, and the next is due": {[]func(*v1beta1.CronJob){withDeadline(600)}, func(t *testing.T, s *stage) { s.to(utc(t, "2026-06-02 03:05")) },
			[]string{"02 03:00 +00:00"}, []string{"RunDropped"}, []Result{Dropped}},
		"the next is due": {nil, func(t *testing.T, s *stage) { s.to(utc(t, "2026-06-02 03:00")) },
			[]string{"02 03:00 +00:00"}, []string{"RunDropped"}, []Result{Dropped}},
		"several later ones were due": {nil, func(t *testing.T, s *stage) { s.to(utc(t, "2026-06-09 04:00")) },
			[]string{"09 03:00 +00:00"}, []string{"RunDropped"}, []Result{Dropped}},
		"nothing happens": {nil, func(_ *testing.T, s *stage) { s.wait(time.Hour) },
			[]string{"01 03:00 +00:00"}, []string{}, []Result{}},
	} {
		for hindrance, with := range hindrances {
			t.Run(name+", "+hindrance, func(t *testing.T) {
				g, s := NewWithT(t), hindered(t, with.hinder, test.changes...)
				test.play(t, s)
				with.undo(s)
				s.wait(time.Second)
				g.Expect(s.runs()).To(Equal(test.runs))
				g.Expect(s.givenUp()).To(Equal(test.said))
				s.results = slices.DeleteFunc(s.results, func(r Result) bool { return r != Dropped && r != Missed })
				g.Expect(append([]Result{}, s.results...)).To(Equal(test.results))
				g.Expect(s.cronJob.Status.Pending).To(BeNil())
				g.Expect(s.stalled()).To(BeEmpty())
			})
		}
	}
}

// TestPendingWaits is for the status while other Jobs keep the run from starting: the pending
// run stays until a later one can start, and the message names the one that is going to start.
func TestPendingWaits(t *testing.T) {
	for _, hindrance := range []string{"forbidden since", "what it replaces takes its time"} {
		t.Run(hindrance, func(t *testing.T) {
			g, s := NewWithT(t), hindered(t, hindrances[hindrance].hinder)
			for _, due := range []string{"2026-06-01", "2026-06-02", "2026-06-03"} {
				s.to(utc(t, due+" 03:01"))
				reason, message := s.ready()
				g.Expect(reason).To(Equal(v1beta1.ReasonRunWaiting))
				g.Expect(message).To(And(ContainSubstring(due+"T03:00"), ContainSubstring("c-manual-abcde")))
				g.Expect(s.cronJob.Status.Pending.Name).To(Equal(s.at("2026-06-01 03:00")))
				g.Expect(s.cronJob.Status.LastScheduleTime.UTC()).To(Equal(utc(t, "2026-06-01 03:00")))
			}
			g.Expect(s.givenUp()).To(BeEmpty())
			hindrances[hindrance].undo(s)
			s.settle()
			g.Expect(s.runs()).To(Equal([]string{"03 03:00 +00:00"}))
			g.Expect(s.givenUp()).To(Equal([]string{"RunDropped"}))
		})
	}
}

// TestMissedAtOnce is for a run that is too late while the policy is missing.
func TestMissedAtOnce(t *testing.T) {
	g, s := NewWithT(t), newStage(t, theCronJob("0 3 * * *", withDeadline(600)))
	s.guard.Missing = "apply it"
	s.eachMinute(utc(t, "2026-06-01 03:11"))
	g.Expect(s.givenUp()).To(Equal([]string{"MissSchedule"}))
}

// TestPendingWhileTheScheduleIsEdited is for a run whose Job could not be created before.
func TestPendingWhileTheScheduleIsEdited(t *testing.T) {
	for name, test := range map[string]struct {
		edits []func(*v1beta1.CronJob)
		at    string
		runs  []string
	}{
		"it is made":                           {[]func(*v1beta1.CronJob){scheduleTo("0 12 * * *")}, "2026-06-01 03:10", []string{"01 03:00 +00:00"}},
		"of another time zone":                 {[]func(*v1beta1.CronJob){inTimeZone("Asia/Tokyo")}, "2026-06-01 03:10", []string{"01 12:00 +09:00"}},
		"to invalid: it is made":               {[]func(*v1beta1.CronJob){scheduleTo("0 0 30 2 *")}, "2026-06-01 03:10", []string{"01 03:00 +00:00"}},
		"to invalid and back":                  {[]func(*v1beta1.CronJob){scheduleTo("0 0 30 2 *"), scheduleTo("0 3 * * *")}, "2026-06-01 03:10", []string{"01 03:00 +00:00"}},
		"the new schedule's next replaces it":  {[]func(*v1beta1.CronJob){scheduleTo("15 * * * *")}, "2026-06-01 03:15", []string{"01 03:15 +00:00"}},
		"what was due before does not":         {[]func(*v1beta1.CronJob){scheduleTo("5 * * * *")}, "2026-06-01 03:20", []string{"01 03:00 +00:00"}},
		"suspended with the edit: it is not":   {[]func(*v1beta1.CronJob){scheduleTo("15 * * * *"), suspended}, "2026-06-01 03:10", []string{}},
		"past the deadline with the edit":      {[]func(*v1beta1.CronJob){scheduleTo("30 * * * *"), withDeadline(60)}, "2026-06-01 03:10", []string{}},
		"invalid and suspended: it is not":     {[]func(*v1beta1.CronJob){scheduleTo("0 0 30 2 *"), suspended}, "2026-06-01 03:10", []string{}},
		"invalid and past the deadline: it is": {[]func(*v1beta1.CronJob){scheduleTo("0 0 30 2 *"), withDeadline(60)}, "2026-06-01 03:10", []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			g, s := NewWithT(t), newStage(t, theCronJob("0 3 * * *", observedBefore, withPending(utc(t, "2026-06-01 03:00"), "")))
			s.now, s.refuses = utc(t, "2026-06-01 03:07"), "exceeded quota"
			s.settle()
			for _, edit := range test.edits {
				s.edit(edit)
			}
			s.refuses, s.refusal = "", nil
			s.to(utc(t, test.at))
			g.Expect(s.cronJob.Status.Pending).To(BeNil())
			if s.cronJob.Spec.Schedule == "0 0 30 2 *" {
				g.Expect(s.stalled()).To(Equal(v1beta1.ReasonInvalidSchedule))
			}
			g.Expect(s.runs()).To(Equal(test.runs))
		})
	}
}
