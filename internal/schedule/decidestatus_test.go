package schedule

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// TestDeletedByHand is for a child that is gone when the manager looks again.
func TestDeletedByHand(t *testing.T) {
	for name, test := range map[string]struct {
		changes []func(*v1beta1.Job)
		phase   v1beta1.RunPhase
		results []Result
	}{
		"running":     {nil, v1beta1.RunDeleted, []Result{Deleted}},
		"held":        {[]func(*v1beta1.Job){held}, v1beta1.RunDeleted, []Result{Deleted}},
		"undecodable": {[]func(*v1beta1.Job){undecodable}, v1beta1.RunDeleted, []Result{Deleted}},
		"complete":    {[]func(*v1beta1.Job){completed}, v1beta1.RunPhase(v1beta1.PhaseComplete), []Result{Complete}},
		"failed":      {[]func(*v1beta1.Job){failed}, v1beta1.RunPhase(v1beta1.PhaseFailed), []Result{Failed}},
		"being deleted, and complete before it was gone": {[]func(*v1beta1.Job){deleting, completed}, v1beta1.RunPhase(v1beta1.PhaseComplete), []Result{Complete}},
	} {
		t.Run(name, func(t *testing.T) {
			g, s := NewWithT(t), newStage(t, theCronJob("0 3 * * *"))
			s.to(utc(t, "2026-06-01 03:00")).wait(time.Minute)
			job := s.created[0]
			s.change(job, test.changes...).deleteByHand(job).wait(time.Minute).wait(10 * time.Hour)
			status := s.cronJob.Status
			g.Expect(status.LastRun.Name).To(Equal(job))
			g.Expect(status.LastRun.Phase).To(Equal(test.phase))
			g.Expect(status.Active).To(BeEmpty())
			g.Expect(status.LastScheduleTime.UTC()).To(Equal(utc(t, "2026-06-01 03:00")))
			g.Expect(s.results).To(Equal(test.results))
			g.Expect(s.created).To(HaveLen(1), "it runs once")
		})
	}
}

// TestLastRunNeverGoesBack is for children that come and go.
func TestLastRunNeverGoesBack(t *testing.T) {
	g, s := NewWithT(t), newStage(t, theCronJob("0 * * * *", withPolicy(v1beta1.AllowConcurrent)))
	s.to(utc(t, "2026-06-01 01:00")).to(utc(t, "2026-06-01 02:00"))
	first, second := s.created[0], s.created[1]
	g.Expect(s.cronJob.Status.LastRun.Name).To(Equal(second))
	s.change(first, completeAt(s.now.Add(30*time.Minute)))
	g.Expect(s.cronJob.Status.LastRun.Name).To(Equal(second), "an older one is finished")
	success := s.cronJob.Status.LastSuccessfulTime
	g.Expect(success.UTC()).To(Equal(s.now.Add(30 * time.Minute)))
	s.change(second, completeAt(s.now.Add(10*time.Minute)))
	g.Expect(s.cronJob.Status.LastSuccessfulTime).To(Equal(success), "the later one was complete before")
	s.deleteByHand(second)
	g.Expect(s.cronJob.Status.LastRun.Name).To(Equal(second))
	g.Expect(s.cronJob.Status.LastRun.Phase).To(BeEquivalentTo(v1beta1.PhaseComplete))
	s.deleteByHand(first)
	g.Expect(s.cronJob.Status.LastSuccessfulTime).To(Equal(success))
	s.jobs = append(s.jobs, manualChild(s.cronJob, "abcde", utc(t, "2026-06-01 01:30"), failed)) // The API server's clock was set back.
	s.wait(time.Minute)
	g.Expect(s.cronJob.Status.LastRun.Name).To(Equal(second))
	s.jobs = append(s.jobs, manualChild(s.cronJob, "fghij", s.now))
	s.wait(time.Minute)
	g.Expect(s.cronJob.Status.LastRun.Name).To(Equal("c-manual-fghij"))
}

// TestResultsOfAJobThatStartsOver is for a Failed Job that is resumed, or a finished one whose spec is changed.
func TestResultsOfAJobThatStartsOver(t *testing.T) {
	g, s := NewWithT(t), newStage(t, theCronJob("0 3 * * *", withHistory(3, 3)))
	s.to(utc(t, "2026-06-01 03:00")).wait(time.Minute)
	name := s.created[0]
	s.change(name, failed)
	g.Expect(s.cronJob.Status.LastRun.CompletionTime).NotTo(BeNil())
	s.change(name, func(job *v1beta1.Job) {
		job.Status = v1beta1.JobStatus{Phase: v1beta1.PhaseRunning, ObservedGeneration: job.Generation}
	})
	status := &s.cronJob.Status
	g.Expect(status.ActiveJobs).To(BeEquivalentTo(1))
	g.Expect(status.LastRun.Phase).To(BeEquivalentTo(v1beta1.PhaseRunning))
	g.Expect(status.LastRun.CompletionTime).To(BeNil())
	s.change(name, completed)
	g.Expect(s.results).To(Equal([]Result{Failed, Complete}))
	g.Expect(s.cronJob.Status.LastRun.Phase).To(BeEquivalentTo(v1beta1.PhaseComplete))
}

// TestActiveIsBounded is for more Jobs than the status names.
func TestActiveIsBounded(t *testing.T) {
	g, c := NewWithT(t), theCronJob("0 3 * * *", observedBefore, suspended)
	s := newStage(t, c)
	for i := range 150 {
		s.jobs = append([]*v1beta1.Job{manualChild(c, fmt.Sprintf("%05d", i), c.CreationTimestamp.Add(time.Duration(i)*time.Second))}, s.jobs...)
	}
	s.wait(time.Hour)
	status := &s.cronJob.Status
	g.Expect(status.ActiveJobs).To(BeEquivalentTo(150))
	g.Expect(status.Active).To(HaveLen(100))
	for i := range 100 {
		g.Expect(status.Active[i].Name).To(Equal(fmt.Sprintf("c-manual-%05d", i)))
	}
	for i := range 150 {
		completed(s.job(fmt.Sprintf("c-manual-%05d", i)))
	}
	s.edit(withHistory(0, 0))
	g.Expect(s.cronJob.Status.Active).To(BeEmpty())
	g.Expect(len(s.results)).To(BeNumerically(">=", 100))
	g.Expect(s.deleted).To(HaveLen(150))
}
