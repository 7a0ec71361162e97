package schedule

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// childStates are all states of a Job that a run may find.
var childStates = map[string]struct {
	changes []func(*v1beta1.Job)
	active  bool
}{
	"not observed":                         {[]func(*v1beta1.Job){notObserved}, true},
	"running":                              {nil, true},
	"held":                                 {[]func(*v1beta1.Job){held}, true},
	"suspended":                            {[]func(*v1beta1.Job){suspendedJob}, true},
	"undecodable":                          {[]func(*v1beta1.Job){undecodable}, true},
	"being deleted":                        {[]func(*v1beta1.Job){deleting}, true},
	"undecodable, being deleted":           {[]func(*v1beta1.Job){undecodable, deleting}, true},
	"complete, and its spec changed since": {[]func(*v1beta1.Job){completed, changedSince}, true},
	"failed, and its spec changed since":   {[]func(*v1beta1.Job){failed, changedSince}, true},
	"complete":                             {[]func(*v1beta1.Job){completed}, false},
	"failed":                               {[]func(*v1beta1.Job){failed}, false},
	"complete, being deleted":              {[]func(*v1beta1.Job){completed, deleting}, false},
}

// lastRunIn is a stage at 03:00, one second before it if early, whose last run was at 02:00,
// and its Job is in this state.
func lastRunIn(t *testing.T, policy v1beta1.ConcurrencyPolicy, manual bool, changes ...func(*v1beta1.Job)) *stage {
	t.Helper()
	last := utc(t, "2026-06-01 02:00")
	c := theCronJob("0 * * * *", observedBefore, lastScheduled(last), withPolicy(policy))
	job := childAt(c, last, changes...)
	if manual {
		job = manualChild(c, "abcde", last, changes...)
	}
	return newStage(t, c, job).to(last.Add(time.Hour - time.Second))
}

func TestConcurrencyPolicies(t *testing.T) {
	for state, child := range childStates {
		for _, manual := range []bool{false, true} {
			if manual {
				state += ", by hand"
			}
			t.Run("Allow, "+state, func(t *testing.T) {
				g, s := NewWithT(t), lastRunIn(t, v1beta1.AllowConcurrent, manual, child.changes...)
				s.wait(time.Second)
				g.Expect(s.runs()).To(Equal([]string{"01 03:00 +00:00"}))
				g.Expect(s.deleted).To(BeEmpty())
				g.Expect(s.said()).To(BeEmpty())
				reason, _ := s.ready()
				g.Expect(reason).To(Equal(v1beta1.ReasonScheduled))
			})
			t.Run("Forbid, "+state, func(t *testing.T) {
				g, s := NewWithT(t), lastRunIn(t, v1beta1.ForbidConcurrent, manual, child.changes...)
				before, job := s.cronJob.Status.LastScheduleTime, s.jobs[0]
				s.wait(time.Second)
				g.Expect(s.deleted).To(BeEmpty())
				if !child.active {
					g.Expect(s.runs()).To(Equal([]string{"01 03:00 +00:00"}))
					g.Expect(s.said()).To(BeEmpty())
					return
				}
				g.Expect(s.created).To(BeEmpty())
				g.Expect(s.cronJob.Status.Pending).To(BeNil())
				g.Expect(s.cronJob.Status.LastScheduleTime).To(Equal(before), "the run is not consumed")
				reason, message := s.ready()
				g.Expect(reason).To(Equal(v1beta1.ReasonRunWaiting))
				g.Expect(message).To(And(ContainSubstring(job.Name), ContainSubstring("03:00")))
				s.eachMinute(utc(t, "2026-06-01 03:20"))
				g.Expect(s.said()).To(Equal([]string{"JobAlreadyActive"}))
				s.eachMinute(utc(t, "2026-06-01 05:20"))
				g.Expect(s.said()).To(HaveLen(3), "once a run")
				_, message = s.ready()
				g.Expect(message).To(ContainSubstring("05:00"))
				s.remove(job.Name)
				s.settle()
				g.Expect(s.runs()).To(Equal([]string{"01 05:00 +00:00"}))
				g.Expect(s.said()).To(HaveLen(3))
			})
			t.Run("Replace, "+state, func(t *testing.T) {
				g, s := NewWithT(t), lastRunIn(t, v1beta1.ReplaceConcurrent, manual, child.changes...)
				job := s.jobs[0]
				wasDeleting := job.DeletionTimestamp != nil
				s.wait(time.Second)
				if !child.active {
					g.Expect(s.runs()).To(Equal([]string{"01 03:00 +00:00"}))
					g.Expect(s.deleted).To(BeEmpty())
					return
				}
				g.Expect(s.created).To(BeEmpty())
				g.Expect(s.cronJob.Status.Pending.Name).To(Equal(s.at("2026-06-01 03:00")))
				if wasDeleting {
					g.Expect(s.deleted).To(BeEmpty())
				} else {
					g.Expect(s.deleted).To(Equal([]string{job.Name}))
				}
				deleted := len(s.deleted)
				s.eachMinute(utc(t, "2026-06-01 03:20"))
				g.Expect(s.created).To(BeEmpty())
				g.Expect(s.deleted).To(HaveLen(deleted), "once")
				s.deleteByHand(job.Name)
				g.Expect(s.runs()).To(Equal([]string{"01 03:00 +00:00"}))
				g.Expect(s.results).To(Equal([]Result{Deleted}))
			})
		}
	}
}

// TestReplaceDeletesAll is for several unfinished Jobs: the policy was Allow.
func TestReplaceDeletesAll(t *testing.T) {
	g, s := NewWithT(t), lastRunIn(t, v1beta1.ReplaceConcurrent, false)
	s.jobs = append(s.jobs, manualChild(s.cronJob, "aaaaa", s.now.Add(-time.Minute)), manualChild(s.cronJob, "bbbbb", s.now.Add(-time.Minute), deleting),
		childAt(s.cronJob, utc(t, "2026-06-01 01:00"), completed))
	s.wait(time.Second)
	g.Expect(s.deleted).To(ConsistOf(s.at("2026-06-01 02:00"), "c-manual-aaaaa"))
	s.deleteByHand("c-manual-bbbbb").deleteByHand("c-manual-aaaaa")
	g.Expect(s.created).To(BeEmpty())
	s.deleteByHand(s.at("2026-06-01 02:00"))
	g.Expect(s.runs()).To(Equal([]string{"01 03:00 +00:00"}))
}

// TestReplaceKeepsWhatFinishes is for a Job that is finished before it is deleted.
func TestReplaceKeepsWhatFinishes(t *testing.T) {
	g, s := NewWithT(t), lastRunIn(t, v1beta1.ReplaceConcurrent, false)
	s.now = s.now.Add(time.Second)
	s.reconcile() // The record is written.
	completed(s.jobs[0])
	s.settle()
	g.Expect(s.deleted).To(BeEmpty())
	g.Expect(s.runs()).To(Equal([]string{"01 03:00 +00:00"}))
}

// TestPolicyIsEdited is for a run that waits.
func TestPolicyIsEdited(t *testing.T) {
	for name, test := range map[string]struct {
		edits   []func(*v1beta1.CronJob)
		runs    []string
		deleted int
	}{
		"Forbid to Allow":           {[]func(*v1beta1.CronJob){withPolicy(v1beta1.AllowConcurrent)}, []string{"01 03:00 +00:00"}, 0},
		"Forbid to Replace":         {[]func(*v1beta1.CronJob){withPolicy(v1beta1.ReplaceConcurrent)}, []string{}, 1},
		"Forbid, Replace, Forbid":   {[]func(*v1beta1.CronJob){withPolicy(v1beta1.ReplaceConcurrent), withPolicy(v1beta1.ForbidConcurrent)}, []string{}, 1},
		"Forbid, Replace, Allow":    {[]func(*v1beta1.CronJob){withPolicy(v1beta1.ReplaceConcurrent), withPolicy(v1beta1.AllowConcurrent)}, []string{"01 03:00 +00:00"}, 1},
		"Forbid, absent (Forbid)":   {[]func(*v1beta1.CronJob){withPolicy("")}, []string{}, 0},
		"Forbid, suspended":         {[]func(*v1beta1.CronJob){suspended}, []string{}, 0},
		"Replace, suspended":        {[]func(*v1beta1.CronJob){withPolicy(v1beta1.ReplaceConcurrent), suspended}, []string{}, 1},
		"Replace and suspended":     {[]func(*v1beta1.CronJob){func(c *v1beta1.CronJob) { suspended(c); withPolicy(v1beta1.ReplaceConcurrent)(c) }}, []string{}, 0},
		"suspended, Allow, resumed": {[]func(*v1beta1.CronJob){suspended, withPolicy(v1beta1.AllowConcurrent), resumed}, []string{"01 03:00 +00:00"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			g, s := NewWithT(t), lastRunIn(t, v1beta1.ForbidConcurrent, false)
			s.wait(2 * time.Second)
			for _, edit := range test.edits {
				s.edit(edit)
			}
			g.Expect(s.runs()).To(Equal(test.runs))
			g.Expect(s.deleted).To(HaveLen(test.deleted))
		})
	}
}

// TestJobAlreadyActiveOnceARunAndChild is for what changes while a run waits.
func TestJobAlreadyActiveOnceARunAndChild(t *testing.T) {
	for name, test := range map[string]struct {
		play func(t *testing.T, s *stage)
		said int
	}{
		"the child holds itself": {func(_ *testing.T, s *stage) { s.change(s.jobs[0].Name, held) }, 1},
		"the child is deleted":   {func(_ *testing.T, s *stage) { s.change(s.jobs[0].Name, deleting) }, 1},
		"another run is by hand": {func(_ *testing.T, s *stage) { s.jobs = append(s.jobs, manualChild(s.cronJob, "abcde", s.now)) }, 1},
		"the spec is edited":     {func(_ *testing.T, s *stage) { s.edit(withHistory(2, 2)) }, 1},
		"the next run is due":    {func(_ *testing.T, s *stage) { s.wait(time.Hour) }, 2},
		"it waits for another then": {func(_ *testing.T, s *stage) {
			s.jobs = append(s.jobs, manualChild(s.cronJob, "abcde", s.now))
			s.change(s.jobs[0].Name, completed)
		}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			g, s := NewWithT(t), lastRunIn(t, v1beta1.ForbidConcurrent, false)
			s.wait(2 * time.Second)
			test.play(t, s)
			s.wait(time.Second)
			g.Expect(s.said()).To(HaveLen(test.said))
			g.Expect(s.said()).To(HaveEach("JobAlreadyActive"))
			g.Expect(s.created).To(BeEmpty())
		})
	}
}
