package schedule

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// TestConditionsOfARun is for what kubectl wait and kstatus see while a run comes and goes.
func TestConditionsOfARun(t *testing.T) {
	g, s := NewWithT(t), newStage(t, theCronJob("0 3 * * *", inTimeZone("Europe/Berlin")))
	expect := func(reason string) {
		t.Helper()
		ready, message := s.ready()
		g.ExpectWithOffset(1, ready).To(Equal(reason), message)
		g.ExpectWithOffset(1, s.stalled()).To(BeEmpty())
	}
	s.settle()
	expect(v1beta1.ReasonScheduled)
	_, message := s.ready()
	g.Expect(message).To(ContainSubstring("2026-06-01T03:00"))
	since := s.cronJob.Status.Conditions[0].LastTransitionTime
	s.to(utc(t, "2026-06-01 01:00"))
	expect(v1beta1.ReasonScheduled)
	s.wait(time.Minute).change(s.created[0], completed)
	expect(v1beta1.ReasonScheduled)
	s.edit(suspended)
	expect(v1beta1.ReasonCronJobSuspended)
	s.edit(resumed)
	expect(v1beta1.ReasonScheduled)
	g.Expect(s.cronJob.Status.Conditions[0].LastTransitionTime).To(Equal(since), "it was Ready all the time")
}

// TestEventsOfARun is for those of a run that goes well, each once.
func TestEventsOfARun(t *testing.T) {
	g, s := NewWithT(t), newStage(t, theCronJob("0 3 * * *"))
	s.eachMinute(utc(t, "2026-06-01 03:10")).change(s.created[0], completed).eachMinute(utc(t, "2026-06-01 04:00"))
	count := map[string]int{}
	for _, event := range s.events {
		g.Expect(event.Type).To(Equal("Normal"))
		g.Expect(event.Message).To(ContainSubstring(s.created[0]))
		count[event.Reason]++
	}
	g.Expect(count["SawCompletedJob"]).To(Equal(1))
	g.Expect(count["SuccessfulCreate"]).To(BeNumerically("<=", 1)) // The create itself may say so.
	g.Expect(len(s.events)).To(BeNumerically("<=", 2))
}

// TestLooksAgain is for when a decision is made again although nothing changes.
func TestLooksAgain(t *testing.T) {
	at := utc(t, "2026-06-01 03:00")
	for name, test := range map[string]struct {
		now     time.Time
		changes []func(*v1beta1.CronJob)
		after   time.Duration
	}{
		"a minute at most":       {at.Add(-20 * time.Hour), nil, time.Minute},
		"at the next run":        {at.Add(-40*time.Second - 250*time.Millisecond), nil, 40*time.Second + 250*time.Millisecond},
		"a nanosecond before it": {at.Add(-1), nil, 1},
		"suspended":              {at.Add(-40 * time.Second), []func(*v1beta1.CronJob){suspended}, 0},
		"invalid":                {at.Add(-40 * time.Second), []func(*v1beta1.CronJob){scheduleTo("0 0 30 2 *")}, 0},
		"the last one is ahead":  {at.AddDate(-9, 0, 0), []func(*v1beta1.CronJob){lastScheduled(at)}, time.Minute},
		"the clock was set back": {at.Add(-30 * time.Second), []func(*v1beta1.CronJob){lastScheduled(at)}, time.Minute},
		"in eight years":         {utc(t, "2096-03-01 00:00"), []func(*v1beta1.CronJob){scheduleTo("0 0 29 2 *"), createdAt(utc(t, "2096-03-01 00:00"))}, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			g, c := NewWithT(t), theCronJob("0 3 * * *", append(test.changes, observedBefore)...)
			if c.CreationTimestamp.After(test.now) {
				c.CreationTimestamp = metav1.NewTime(test.now.AddDate(0, 0, -2))
				c.Status.ScheduleSince = new(metav1.NewTime(latestOf(test.now.AddDate(0, 0, -1), at.AddDate(0, 0, -1))))
			}
			d, flaws := flawsOf(&State{CronJob: c, Now: test.now})
			g.Expect(flaws).To(BeEmpty())
			g.Expect(d.RequeueAfter).To(Equal(test.after))
		})
	}
}

// TestSettledCronJobsAreSilent is for the many decisions between two runs.
func TestSettledCronJobsAreSilent(t *testing.T) {
	for name, change := range map[string]func(*stage){
		"never ran":     func(*stage) {},
		"running":       func(s *stage) { s.to(utc(s.t, "2026-06-01 01:00")) },
		"complete":      func(s *stage) { s.brief = true; s.to(utc(s.t, "2026-06-01 01:00")) },
		"suspended":     func(s *stage) { s.edit(suspended) },
		"invalid":       func(s *stage) { s.edit(scheduleTo("never")) },
		"guard missing": func(s *stage) { s.guard.Missing = "apply it"; s.wait(time.Minute) },
		"not vouched":   func(s *stage) { s.guard.Since = s.now.Add(time.Hour); s.wait(time.Minute) },
		"ahead":         func(s *stage) { s.to(utc(s.t, "2026-06-01 23:00")).to(utc(s.t, "2026-06-01 03:00")) },
	} {
		t.Run(name, func(t *testing.T) {
			g, s := NewWithT(t), newStage(t, theCronJob("0 1 * * *"))
			s.settle()
			change(s)
			for range 100 {
				s.now = s.now.Add(3*time.Second + 7*time.Millisecond)
				d, flaws := flawsOf(s.state())
				g.Expect(flaws).To(BeEmpty())
				d.RequeueAfter = 0
				g.Expect(d).To(Equal(Decision{}))
			}
		})
	}
}
