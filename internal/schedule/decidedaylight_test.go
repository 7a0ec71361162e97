package schedule

import (
	"testing"

	. "github.com/onsi/gomega"
)

// TestRunsInNightsOfDaylightSaving lets the manager look in each minute of the nights in which
// clocks change.
func TestRunsInNightsOfDaylightSaving(t *testing.T) {
	for name, test := range map[string]struct {
		zone, schedule, from, until string
		runs                        []string
	}{
		"Berlin, a time in a gap": {"Europe/Berlin", "30 2 * * *", "2026-03-29 00:00 +01:00", "2026-03-29 06:00 +02:00",
			[]string{"29 03:00 +02:00"}},
		"Berlin, times in a gap and at its end": {"Europe/Berlin", "0,30 2,3 * * *", "2026-03-29 00:00 +01:00", "2026-03-29 05:00 +02:00",
			[]string{"29 03:00 +02:00", "29 03:30 +02:00"}},
		"Berlin, each hour beside a gap": {"Europe/Berlin", "30 * * * *", "2026-03-29 00:00 +01:00", "2026-03-29 04:45 +02:00",
			[]string{"29 00:30 +01:00", "29 01:30 +01:00", "29 03:30 +02:00", "29 04:30 +02:00"}},
		"Berlin, a repeated time": {"Europe/Berlin", "30 2 * * *", "2026-10-25 00:00 +02:00", "2026-10-25 05:00 +01:00",
			[]string{"25 02:30 +02:00"}},
		"Berlin, each hour": {"Europe/Berlin", "@hourly", "2026-10-25 00:30 +02:00", "2026-10-25 03:30 +01:00",
			[]string{"25 01:00 +02:00", "25 02:00 +02:00", "25 02:00 +01:00", "25 03:00 +01:00"}},
		"New York, a time in a gap": {"America/New_York", "15 2 * * *", "2026-03-08 00:00 -05:00", "2026-03-08 06:00 -04:00",
			[]string{"08 03:00 -04:00"}},
		"New York, each hour beside a gap": {"America/New_York", "*/30 1-3 * * *", "2026-03-08 00:00 -05:00", "2026-03-08 04:00 -04:00",
			[]string{"08 01:00 -05:00", "08 01:30 -05:00", "08 03:00 -04:00", "08 03:30 -04:00"}},
		"New York, a repeated time": {"America/New_York", "0 1 * * *", "2026-11-01 00:00 -04:00", "2026-11-01 04:00 -05:00",
			[]string{"01 01:00 -04:00"}},
		"New York, each half hour": {"America/New_York", "*/30 1 * * *", "2026-11-01 00:00 -04:00", "2026-11-01 03:00 -05:00",
			[]string{"01 01:00 -04:00", "01 01:30 -04:00", "01 01:00 -05:00", "01 01:30 -05:00"}},
		"Lord Howe, a time in its gap": {"Australia/Lord_Howe", "15 2 * * *", "2026-10-04 00:00 +10:30", "2026-10-04 06:00 +11:00",
			[]string{"04 02:30 +11:00"}},
		"Lord Howe, each hour beside its gap": {"Australia/Lord_Howe", "15 * * * *", "2026-10-04 00:30 +10:30", "2026-10-04 04:00 +11:00",
			[]string{"04 01:15 +10:30", "04 03:15 +11:00"}},
		"Lord Howe, a repeated time": {"Australia/Lord_Howe", "45 1 * * *", "2026-04-05 00:00 +11:00", "2026-04-05 05:00 +10:30",
			[]string{"05 01:45 +11:00"}},
		"Lord Howe, each quarter": {"Australia/Lord_Howe", "*/15 1 * * *", "2026-04-05 00:00 +11:00", "2026-04-05 03:00 +10:30",
			[]string{"05 01:00 +11:00", "05 01:15 +11:00", "05 01:30 +11:00", "05 01:45 +11:00", "05 01:30 +10:30", "05 01:45 +10:30"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			from, until := instant(t, test.from), instant(t, test.until)
			s := newStage(t, theCronJob(test.schedule, inTimeZone(test.zone), createdAt(from)))
			s.brief = true
			s.eachMinute(until)
			g.Expect(s.runs()).To(Equal(test.runs))
			g.Expect(s.said()).To(BeEmpty())
			g.Expect(s.results).To(HaveLen(len(test.runs)))
			g.Expect(s.results).To(HaveEach(Complete))
		})
		t.Run(name+", suspended until the end", func(t *testing.T) {
			g := NewWithT(t)
			s := newStage(t, theCronJob(test.schedule, inTimeZone(test.zone), createdAt(instant(t, test.from)), suspended))
			s.to(instant(t, test.until))
			g.Expect(s.runs()).To(BeEmpty())
			s.edit(resumed)
			g.Expect(s.runs()).To(Equal(test.runs[len(test.runs)-1:]))
		})
	}
}
