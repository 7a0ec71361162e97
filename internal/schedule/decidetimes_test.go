package schedule

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// scheduleTo changes the schedule.
func scheduleTo(schedule string) func(*v1beta1.CronJob) {
	return func(c *v1beta1.CronJob) { c.Spec.Schedule = schedule }
}

func TestRunsByTheSchedule(t *testing.T) {
	for name, test := range map[string]struct {
		schedule string
		changes  []func(*v1beta1.CronJob)
		// play is what happens to the stage, whose clock is at the beginning of 1 June 2026.
		play func(t *testing.T, s *stage)
		runs []string
		said []string
	}{
		"from the first time after its creation": {"0 3 * * *", nil, func(t *testing.T, s *stage) {
			s.to(utc(t, "2026-06-01 02:59")).to(utc(t, "2026-06-01 03:00")).to(utc(t, "2026-06-01 23:00"))
		}, []string{"01 03:00 +00:00"}, []string{}},
		"not at the instant of its creation": {"0 0 * * *", nil, func(t *testing.T, s *stage) {
			s.settle().to(utc(t, "2026-06-01 12:00"))
		}, []string{}, []string{}},
		"late, if it was first observed late": {"0 * * * *", nil, func(t *testing.T, s *stage) {
			s.to(utc(t, "2026-06-01 05:20"))
		}, []string{"01 05:00 +00:00"}, []string{}},
		"within the second": {"0 3 * * *", nil, func(t *testing.T, s *stage) {
			s.to(utc(t, "2026-06-01 03:00").Add(-time.Nanosecond))
			if len(s.created) > 0 {
				t.Error("it ran too early")
			}
			s.to(utc(t, "2026-06-01 03:00").Add(700 * time.Millisecond))
		}, []string{"01 03:00 +00:00"}, []string{}},
		"on a leap day": {"30 4 29 2 *", []func(*v1beta1.CronJob){createdAt(time.Date(2028, 2, 28, 23, 0, 0, 0, time.UTC))}, func(t *testing.T, s *stage) {
			s.to(utc(t, "2028-02-29 04:00")).eachMinute(utc(t, "2028-02-29 05:00")).to(utc(t, "2028-03-01 05:00"))
			s.to(utc(t, "2029-02-28 05:00")).to(utc(t, "2029-03-01 05:00")).to(utc(t, "2032-02-29 04:29")).to(utc(t, "2032-02-29 04:31"))
		}, []string{"29 04:30 +00:00", "29 04:30 +00:00"}, []string{}},
		"once, when the clock is set back two hours": {"0 * * * *", nil, func(t *testing.T, s *stage) {
			s.to(utc(t, "2026-06-01 10:00"))
			s.now = utc(t, "2026-06-01 08:30")
			s.eachMinute(utc(t, "2026-06-01 11:10"))
		}, []string{"01 10:00 +00:00", "01 11:00 +00:00"}, []string{v1beta1.ReasonLastScheduleAhead}},
		"once, when the clock is set back and the Job is gone": {"0 * * * *", nil, func(t *testing.T, s *stage) {
			s.to(utc(t, "2026-06-01 10:00"))
			s.deleteByHand(s.created[0])
			s.to(utc(t, "2026-06-01 09:59")).to(utc(t, "2026-06-01 10:00")).to(utc(t, "2026-06-01 10:59"))
		}, []string{"01 10:00 +00:00"}, []string{}},
		"once after three weeks down": {"0 * * * *", nil, func(t *testing.T, s *stage) {
			s.to(utc(t, "2026-06-01 01:00")).to(utc(t, "2026-06-22 12:34")).wait(time.Minute).wait(time.Minute)
		}, []string{"01 01:00 +00:00", "22 12:00 +00:00"}, []string{}},
		"once after three weeks down, each minute": {"* * * * *", nil, func(t *testing.T, s *stage) {
			s.to(utc(t, "2026-06-01 00:01")).to(utc(t, "2026-06-22 12:34"))
		}, []string{"01 00:01 +00:00", "22 12:34 +00:00"}, []string{}},
		"once, suspended over ten": {"0 * * * *", nil, func(t *testing.T, s *stage) {
			s.to(utc(t, "2026-06-01 01:00")).edit(suspended).eachMinute(utc(t, "2026-06-01 02:30")).to(utc(t, "2026-06-01 11:30"))
			s.edit(resumed).wait(time.Minute)
		}, []string{"01 01:00 +00:00", "01 11:00 +00:00"}, []string{}},
		"by the new schedule from when it was edited": {"0 3 * * *", nil, func(t *testing.T, s *stage) {
			s.to(utc(t, "2026-06-01 02:00")).to(utc(t, "2026-06-01 02:50")).edit(scheduleTo("30 * * * *"))
			s.eachMinute(utc(t, "2026-06-01 04:00"))
		}, []string{"01 03:30 +00:00"}, []string{}},
		"by the new schedule, not at the instant of the edit": {"0 3 * * *", nil, func(t *testing.T, s *stage) {
			s.to(utc(t, "2026-06-01 01:00").Add(400 * time.Millisecond)).edit(scheduleTo("0 * * * *"))
			s.eachMinute(utc(t, "2026-06-01 02:01"))
		}, []string{"01 02:00 +00:00"}, []string{}},
		"by the new time zone from when it was edited": {"0 3 * * *", nil, func(t *testing.T, s *stage) {
			s.to(utc(t, "2026-06-01 02:00")).edit(inTimeZone("Europe/Berlin")) // 03:00 there was an hour ago.
			s.to(utc(t, "2026-06-02 00:55")).eachMinute(utc(t, "2026-06-02 00:59"))
			s.to(utc(t, "2026-06-02 01:00"))
		}, []string{"02 03:00 +02:00"}, []string{}},
		"what was due is forgotten with the schedule": {"0 3 * * *", nil, func(t *testing.T, s *stage) {
			s.to(utc(t, "2026-06-01 02:00"))
			s.now = utc(t, "2026-06-01 12:00") // The manager was down.
			s.edit(scheduleTo("0 4 * * *")).eachMinute(utc(t, "2026-06-01 13:00"))
		}, []string{}, []string{}},
		"an edit to invalid and back counts from when it came back": {"0 3 * * *", nil, func(t *testing.T, s *stage) {
			s.to(utc(t, "2026-06-01 02:00")).edit(scheduleTo("0 0 30 2 *")).to(utc(t, "2026-06-01 04:00"))
			s.edit(scheduleTo("0 3 * * *")).to(utc(t, "2026-06-02 02:59")).to(utc(t, "2026-06-02 03:00"))
		}, []string{"02 03:00 +00:00"}, []string{v1beta1.ReasonInvalidSchedule}},
		"an edit of something else changes nothing": {"0 3 * * *", nil, func(t *testing.T, s *stage) {
			s.to(utc(t, "2026-06-01 02:00"))
			s.now = utc(t, "2026-06-01 12:00")
			s.edit(withHistory(7, 7), withDeadline(86400), withPolicy(v1beta1.AllowConcurrent))
		}, []string{"01 03:00 +00:00"}, []string{}},
		"an edit while the clock is set back": {"0 3 * * *", nil, func(t *testing.T, s *stage) {
			s.to(utc(t, "2026-06-01 03:00"))
			s.now = utc(t, "2026-06-01 02:10")
			s.edit(scheduleTo("30 * * * *")).to(utc(t, "2026-06-01 02:30")).to(utc(t, "2026-06-01 03:29")).to(utc(t, "2026-06-01 03:30"))
		}, []string{"01 03:00 +00:00", "01 03:30 +00:00"}, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			g, s := NewWithT(t), newStage(t, theCronJob(test.schedule, append(test.changes, withPolicy(v1beta1.AllowConcurrent))...))
			test.play(t, s)
			g.Expect(s.runs()).To(Equal(test.runs))
			g.Expect(s.said()).To(Equal(test.said))
			g.Expect(s.cronJob.Status.Pending).To(BeNil())
			g.Expect(s.results).NotTo(ContainElement(Missed))
		})
	}
}

func TestScheduleSince(t *testing.T) {
	g, s := NewWithT(t), newStage(t, theCronJob("0 3 * * *"))
	created := s.now
	since := func() time.Time { return s.cronJob.Status.ScheduleSince.UTC() }
	s.to(created.Add(90 * time.Minute))
	g.Expect(since()).To(Equal(created))
	g.Expect(s.cronJob.Status.ObservedSchedule).To(Equal("Etc/UTC 0 3 * * *"))
	s.wait(time.Hour).edit(suspended)
	g.Expect(since()).To(Equal(created))
	s.wait(time.Hour).edit(scheduleTo("@every 1h"))
	invalid := s.now
	g.Expect(since()).To(Equal(invalid))
	g.Expect(s.cronJob.Status.ObservedSchedule).To(Equal("Etc/UTC @every 1h"))
	s.wait(time.Hour)
	g.Expect(since()).To(Equal(invalid))
	s.wait(time.Hour).edit(scheduleTo("0 3 * * *"), resumed)
	g.Expect(since()).To(Equal(s.now))
	s.wait(time.Hour).edit(inTimeZone("Europe/Berlin"))
	g.Expect(since()).To(Equal(s.now))
	g.Expect(s.cronJob.Status.ObservedSchedule).To(Equal("Europe/Berlin 0 3 * * *"))
}

// TestObservesTheDefaultTimeZone is for a CronJob that reaches the manager without a default.
func TestObservesTheDefaultTimeZone(t *testing.T) {
	g, c := NewWithT(t), theCronJob("0 3 * * *", inTimeZone(""))
	d := Decide(&State{CronJob: c, Now: c.CreationTimestamp.Time})
	g.Expect(d.Status.ObservedSchedule).To(Equal("Etc/UTC 0 3 * * *"))
	c.Status, c.Spec.TimeZone, c.Generation = *d.Status, "Etc/UTC", 2
	later := Decide(&State{CronJob: c, Now: c.CreationTimestamp.Add(time.Hour)})
	g.Expect(later.Status.ScheduleSince.Time).To(Equal(c.CreationTimestamp.Time))
}
