package schedule

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

func TestManualRuns(t *testing.T) {
	g, s := NewWithT(t), newStage(t, theCronJob("0 3 * * *", withHistory(1, 1)))
	s.wait(time.Hour)
	next := s.cronJob.Status.NextScheduleTime
	s.jobs = append(s.jobs, manualChild(s.cronJob, "abcde", s.now))
	s.wait(2 * time.Second)
	status := &s.cronJob.Status
	g.Expect(status.LastScheduleTime).To(BeNil())
	g.Expect(status.Pending).To(BeNil())
	g.Expect(status.NextScheduleTime).To(Equal(next))
	g.Expect(status.ActiveJobs).To(BeEquivalentTo(1))
	g.Expect(status.Active[0].Name).To(Equal("c-manual-abcde"))
	g.Expect(status.Active[0].ScheduledTime).To(BeNil())
	g.Expect(status.LastRun.Name).To(Equal("c-manual-abcde"))
	g.Expect(status.LastRun.ScheduledTime).To(BeNil())

	s.change("c-manual-abcde", completed)
	g.Expect(s.cronJob.Status.LastRun.Phase).To(BeEquivalentTo(v1beta1.PhaseComplete))
	g.Expect(s.cronJob.Status.LastRun.Completed).To(Equal("3/3"))
	g.Expect(s.cronJob.Status.LastSuccessfulTime.UTC()).To(Equal(s.jobs[0].Status.CompletionTime.UTC()))
	g.Expect(s.results).To(Equal([]Result{Complete}))

	s.brief = true
	s.to(utc(t, "2026-06-01 03:00"))
	g.Expect(s.runs()).To(Equal([]string{"01 03:00 +00:00"}))
	g.Expect(s.cronJob.Status.LastRun.Name).To(Equal(s.at("2026-06-01 03:00")))
	g.Expect(s.deleted).To(Equal([]string{"c-manual-abcde"}), "it counts for the history")
	s.jobs = append(s.jobs, manualChild(s.cronJob, "fghij", s.now.Add(time.Hour)))
	s.wait(2*time.Hour).change("c-manual-fghij", failed)
	g.Expect(s.cronJob.Status.LastScheduleTime.UTC()).To(Equal(utc(t, "2026-06-01 03:00")))
	g.Expect(s.cronJob.Status.LastRun.Phase).To(BeEquivalentTo(v1beta1.PhaseFailed))
	g.Expect(s.results).To(Equal([]Result{Complete, Complete, Failed}))
}

// TestManualRunsAtNight is for those of a CronJob that never runs by itself.
func TestManualRunsAtNight(t *testing.T) {
	for name, change := range map[string]func(*v1beta1.CronJob){"suspended": suspended, "invalid": scheduleTo("0 0 30 2 *")} {
		t.Run(name, func(t *testing.T) {
			g, s := NewWithT(t), newStage(t, theCronJob("0 3 * * *", change, withHistory(0, 0)))
			s.wait(time.Hour)
			s.jobs = append(s.jobs, manualChild(s.cronJob, "abcde", s.now))
			s.wait(2 * time.Second)
			g.Expect(s.cronJob.Status.ActiveJobs).To(BeEquivalentTo(1))
			s.change("c-manual-abcde", completed)
			g.Expect(s.cronJob.Status.LastSuccessfulTime).NotTo(BeNil())
			g.Expect(s.results).To(Equal([]Result{Complete}))
			g.Expect(s.deleted).To(Equal([]string{"c-manual-abcde"}))
		})
	}
}
