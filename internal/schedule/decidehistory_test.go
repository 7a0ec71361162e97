package schedule

import (
	"math"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

func TestHistory(t *testing.T) {
	complete, failedJob := "complete", "failed"
	for name, test := range map[string]struct {
		successful, failed int32
		// verdicts are those of the Jobs, the oldest first, and deleted which of them go.
		verdicts []string
		deleted  []int
	}{
		"within the defaults":          {-1, -1, []string{complete, complete, failedJob, complete}, []int{}},
		"beyond the defaults":          {-1, -1, []string{complete, failedJob, complete, complete, failedJob, complete}, []int{0, 1}},
		"limits of 0":                  {0, 0, []string{complete, failedJob, complete}, []int{0, 1, 2}},
		"no successful one":            {0, 1, []string{complete, failedJob, complete}, []int{0, 2}},
		"no failed one":                {3, 0, []string{complete, failedJob, complete}, []int{1}},
		"limits of 1":                  {1, 1, []string{failedJob, complete, complete, failedJob}, []int{0, 1}},
		"limits of 3":                  {3, 3, []string{complete, complete, complete, complete, complete, failedJob, failedJob, failedJob, failedJob}, []int{0, 1, 5}},
		"huge limits":                  {math.MaxInt32, math.MaxInt32, []string{complete, complete, failedJob, failedJob, complete, complete}, []int{}},
		"no Job":                       {0, 0, []string{}, []int{}},
		"running ones are not counted": {1, 1, []string{"running", complete, "running", "changed", "undecodable", failedJob, "running"}, []int{}},
		"nor deleted":                  {0, 0, []string{"running", complete, "held", "changed", "undecodable", failedJob}, []int{1, 5}},
		"one that goes by itself":      {1, 1, []string{complete, "going", complete}, []int{0}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			first := utc(t, "2026-06-01 03:00")
			c := theCronJob("0 3 * * *", observedBefore, withHistory(test.successful, test.failed), lastScheduled(first.AddDate(0, 0, len(test.verdicts))))
			s := newStage(t, c)
			for i, verdict := range test.verdicts {
				job := childAt(c, first.AddDate(0, 0, i))
				for _, change := range map[string][]func(*v1beta1.Job){
					complete: {completed}, failedJob: {failed}, "running": nil, "held": {held}, "undecodable": {undecodable}, "changed": {completed, changedSince}, "going": {completed, deleting},
				}[verdict] {
					change(job)
				}
				s.jobs = append([]*v1beta1.Job{job}, s.jobs...)
			}
			s.to(first.AddDate(0, 0, len(test.verdicts)).Add(time.Hour))
			names := []string{}
			for _, i := range test.deleted {
				names = append(names, nameAt(c, first.AddDate(0, 0, i)))
			}
			g.Expect(s.deleted).To(ConsistOf(names))
		})
	}
}

// TestHistoryOfOneSecond is for Jobs that were created at once: their names decide.
func TestHistoryOfOneSecond(t *testing.T) {
	g := NewWithT(t)
	c := theCronJob("0 3 * * *", observedBefore, withHistory(1, 1))
	at := utc(t, "2026-05-31 03:00")
	s := newStage(t, c, manualChild(c, "bbbbb", at, completed), manualChild(c, "ccccc", at, completed), manualChild(c, "aaaaa", at, completed))
	s.settle()
	g.Expect(s.deleted).To(ConsistOf("c-manual-aaaaa", "c-manual-bbbbb"))
}

// TestHistoryOfBriefRuns is for Jobs that are finished when they are first seen: their results
// are counted once, and written before they are deleted.
func TestHistoryOfBriefRuns(t *testing.T) {
	g, s := NewWithT(t), newStage(t, theCronJob("0 * * * *", withHistory(0, 0)))
	s.brief = true
	s.eachMinute(utc(t, "2026-06-01 03:30"))
	g.Expect(s.runs()).To(HaveLen(3))
	g.Expect(s.deleted).To(Equal(s.created))
	g.Expect(s.results).To(Equal([]Result{Complete, Complete, Complete}))
	g.Expect(s.cronJob.Status.LastRun.Phase).To(BeEquivalentTo(v1beta1.PhaseComplete))
	g.Expect(s.cronJob.Status.LastSuccessfulTime).NotTo(BeNil())
}

// TestHistoryAfterACrash is for a run whose Job is finished before its uid is written. What
// follows the write in the same Decision is done.
func TestHistoryAfterACrash(t *testing.T) {
	g, at := NewWithT(t), utc(t, "2026-06-01 03:00")
	c := theCronJob("0 3 * * *", observedBefore, withHistory(0, 0), withPending(at, ""))
	job := childAt(c, at, completed)
	results := []Result{}
	for s := (&State{CronJob: c, Children: []*v1beta1.Job{job}, Now: at.Add(time.Minute)}); ; {
		d, flaws := flawsOf(s)
		g.Expect(flaws).To(BeEmpty())
		if d.Status == nil && len(d.Delete) == 0 {
			break
		}
		results = append(results, d.Results...)
		if d.Status != nil {
			s.CronJob.Status = *d.Status
		}
		if len(d.Delete) > 0 {
			s.Children = nil
		}
	}
	g.Expect(results).To(Equal([]Result{Complete}))
	g.Expect(c.Status.LastRun.CompletionTime).NotTo(BeNil())
}

// TestHistoryKeepsTheStatus is for what the status says of Jobs that are gone.
func TestHistoryKeepsTheStatus(t *testing.T) {
	g, s := NewWithT(t), newStage(t, theCronJob("0 3 * * *", withHistory(0, 0)))
	s.to(utc(t, "2026-06-01 03:00").Add(300 * time.Millisecond)).wait(time.Minute)
	name := s.created[0]
	s.change(name, failed)
	g.Expect(s.deleted).To(Equal([]string{name}))
	s.wait(time.Hour)
	last := s.cronJob.Status.LastRun
	g.Expect(last.Name).To(Equal(name))
	g.Expect(last.Phase).To(BeEquivalentTo(v1beta1.PhaseFailed))
	g.Expect(last.Completed).To(Equal("2/3"))
	g.Expect(last.Failed).To(BeEquivalentTo(1))
	g.Expect(last.CompletionTime).NotTo(BeNil())
	g.Expect(last.ScheduledTime.UTC()).To(Equal(utc(t, "2026-06-01 03:00")))
	g.Expect(s.cronJob.Status.LastSuccessfulTime).To(BeNil())
	g.Expect(s.cronJob.Status.ActiveJobs).To(BeZero())
	g.Expect(s.results).To(Equal([]Result{Failed}))
}

// TestHistoryWithoutCompletionTime is for a Job whose verdict has no time of completion: it was written by an older version.
func TestHistoryWithoutCompletionTime(t *testing.T) {
	g, c := NewWithT(t), theCronJob("0 3 * * *", observedBefore, withHistory(0, 0))
	job := manualChild(c, "abcde", c.CreationTimestamp.Time, completed, func(job *v1beta1.Job) {
		job.Status.CompletionTime = nil
	})
	s := newStage(t, c, job).wait(time.Minute)
	g.Expect(s.deleted).To(HaveLen(1))
}
