package schedule

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

func TestLastScheduleAhead(t *testing.T) {
	for name, test := range map[string]struct {
		last, since, now string
		reason           string
	}{
		"an hour":                        {"2026-06-01 03:00", "", "2026-06-01 02:00", ""},
		"more than an hour":              {"2026-06-01 03:00", "", "2026-06-01 01:59", v1beta1.ReasonLastScheduleAhead},
		"the schedule counts from later": {"2026-06-01 03:00", "2026-06-01 06:00", "2026-06-01 04:59", v1beta1.ReasonLastScheduleAhead},
		"neither":                        {"2026-06-01 03:00", "2026-06-01 06:00", "2026-06-01 05:00", ""},
		"years":                          {"2036-06-01 03:00", "", "2026-06-01 12:00", v1beta1.ReasonLastScheduleAhead},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := newStage(t, theCronJob("0 3 * * *", observedBefore, lastScheduled(utc(t, test.last))))
			if test.since != "" {
				s.cronJob.Status.ScheduleSince = new(metav1.NewTime(utc(t, test.since)))
			}
			s.to(utc(t, test.now))
			g.Expect(s.stalled()).To(Equal(test.reason))
			g.Expect(s.created).To(BeEmpty())
			said := len(s.said())
			s.settle().wait(time.Second)
			g.Expect(s.said()).To(HaveLen(said))
			s.to(utc(t, test.last).AddDate(0, 0, 1).Add(-time.Second))
			g.Expect(s.stalled()).To(BeEmpty())
			s.wait(time.Second)
			g.Expect(s.created).To(HaveLen(1))
		})
	}
}

func TestInvalidSchedules(t *testing.T) {
	for name, test := range map[string]struct{ schedule, zone, reason, message string }{
		"never fires":  {"0 0 30 2 *", "Etc/UTC", v1beta1.ReasonInvalidSchedule, "never fires"},
		"@every":       {"@every 5m", "Etc/UTC", v1beta1.ReasonInvalidSchedule, "@every"},
		"TZ=":          {"TZ=Asia/Tokyo 0 3 * * *", "Etc/UTC", v1beta1.ReasonInvalidSchedule, "timeZone"},
		"unknown zone": {"0 3 * * *", "Europe/Bonn", v1beta1.ReasonInvalidTimeZone, "Europe/Bonn"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := newStage(t, theCronJob(test.schedule, inTimeZone(test.zone)))
			s.settle().wait(time.Hour).wait(24 * time.Hour)
			reason, message := s.ready()
			g.Expect(reason).To(Equal(test.reason))
			g.Expect(message).To(ContainSubstring(test.message))
			g.Expect(s.stalled()).To(Equal(test.reason))
			g.Expect(s.said()).To(Equal([]string{test.reason}))
			g.Expect(s.events[0].Type).To(Equal("Warning"))
			g.Expect(s.created).To(BeEmpty())
			s.edit(scheduleTo("0 3 * * *"), inTimeZone("Asia/Tokyo"))
			reason, _ = s.ready()
			g.Expect(reason).To(Equal(v1beta1.ReasonScheduled))
			g.Expect(s.stalled()).To(BeEmpty())
		})
	}
}

// TestADeletedCronJobDoesNothing is for one that a finalizer keeps.
func TestADeletedCronJobDoesNothing(t *testing.T) {
	g, at := NewWithT(t), utc(t, "2026-06-01 03:00")
	c := theCronJob("0 3 * * *", observedBefore, withPending(at, ""), withPolicy(v1beta1.ReplaceConcurrent), withHistory(0, 0))
	c.DeletionTimestamp = new(metav1.NewTime(at))
	d := Decide(&State{CronJob: c, Now: at.AddDate(0, 0, 2), Children: []*v1beta1.Job{childAt(c, at.AddDate(0, 0, -1)), childAt(c, at.AddDate(0, 0, -2), completed)}})
	g.Expect(d.Create).To(BeNil())
	g.Expect(d.Delete).To(BeEmpty())
	g.Expect(d.Status).To(BeNil())
}
