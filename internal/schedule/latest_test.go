package schedule

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func TestLatest(t *testing.T) {
	for name, test := range map[string]struct{ zone, schedule, since, now, latest string }{
		"none yet":                        {"", "0 3 * * *", "2026-06-01 03:00 +00:00", "2026-06-02 02:59 +00:00", ""},
		"now counts":                      {"", "0 3 * * *", "2026-06-01 03:00 +00:00", "2026-06-02 03:00 +00:00", "2026-06-02 03:00 +00:00"},
		"since does not count":            {"", "0 3 * * *", "2026-06-01 03:00 +00:00", "2026-06-01 03:30 +00:00", ""},
		"no time between":                 {"", "* * * * *", "2026-06-01 03:00 +00:00", "2026-06-01 03:00 +00:00", ""},
		"the clock was set back":          {"", "* * * * *", "2026-06-01 03:00 +00:00", "2026-06-01 01:00 +00:00", ""},
		"three weeks down":                {"Europe/Berlin", "0 3 * * *", "2026-10-10 03:00 +02:00", "2026-10-31 12:00 +01:00", "2026-10-31 03:00 +01:00"},
		"three years of each minute":      {"Europe/Berlin", "* * * * *", "2023-06-01 00:00 +02:00", "2026-06-01 00:00 +02:00", "2026-06-01 00:00 +02:00"},
		"minutes of a month long ago":     {"Europe/Berlin", "* * * 1 *", "2020-06-01 00:00 +02:00", "2026-12-31 00:00 +01:00", "2026-01-31 23:59 +01:00"},
		"a leap day":                      {"Europe/Berlin", "0 0 29 2 *", "2020-01-01 00:00 +01:00", "2028-02-28 23:59 +01:00", "2024-02-29 00:00 +01:00"},
		"no leap day for eight years":     {"", "0 0 29 2 *", "2000-01-01 00:00 +00:00", "2104-02-28 23:59 +00:00", "2096-02-29 00:00 +00:00"},
		"since the beginning of time":     {"", "@yearly", "0001-01-01 00:00 +00:00", "2026-06-01 00:00 +00:00", "2026-01-01 00:00 +00:00"},
		"the first pass of a repeated":    {"Europe/Berlin", "30 2 * * *", "2026-10-20 02:30 +02:00", "2026-10-25 02:45 +01:00", "2026-10-25 02:30 +02:00"},
		"both passes run":                 {"Europe/Berlin", "30 * * * *", "2026-10-20 02:30 +02:00", "2026-10-25 02:45 +01:00", "2026-10-25 02:30 +01:00"},
		"a gap":                           {"Europe/Berlin", "30 2 * * *", "2026-03-20 02:30 +01:00", "2026-03-29 03:15 +02:00", "2026-03-29 03:00 +02:00"},
		"a time in a gap that is to come": {"Europe/Berlin", "30 2 * * *", "2026-03-28 02:30 +01:00", "2026-03-29 01:59 +01:00", ""},
	} {
		t.Run(name, func(t *testing.T) {
			g, s := NewWithT(t), parse(t, test.schedule, test.zone)
			latest, found := s.Latest(instant(t, test.since), instant(t, test.now))
			if test.latest == "" {
				g.Expect(found).To(BeFalse(), latest.String())
				g.Expect(latest.IsZero()).To(BeTrue())
				return
			}
			g.Expect(found).To(BeTrue())
			g.Expect(latest).To(Equal(instant(t, test.latest)))
		})
	}
}

// TestLatestOfTwoRunsWithinAMinute is for zones that set their clock by seconds, as those did
// that left the time of the sun.
func TestLatestOfTwoRunsWithinAMinute(t *testing.T) {
	noon := instant(t, "1900-01-01 12:00 +00:00")
	for _, seconds := range []time.Duration{1, 30} {
		g := NewWithT(t)
		back := noon.Add(seconds * time.Second)
		s := inZone(t, "* * * * *", zoneOf(t, 0, "", change{back, -seconds * time.Second}))
		g.Expect(s.Next(noon)).To(Equal(back))
		for now, expected := range map[time.Time]time.Time{back.Add(-1): noon, back: back, back.Add(59 * time.Second): back} {
			latest, found := s.Latest(noon.Add(-time.Hour), now)
			g.Expect(found).To(BeTrue())
			g.Expect(latest).To(Equal(expected))
		}
	}
}

func BenchmarkLatest(b *testing.B) {
	now := time.Date(2026, time.December, 31, 12, 0, 30, 0, time.UTC)
	for name, schedule := range map[string]string{"minute": "* * * * *", "month": "* * * 1 *", "leap-day": "0 0 29 2 *", "leap-day-minutes": "* * 29 2 *"} {
		b.Run(name, func(b *testing.B) {
			s := parse(b, schedule, "Europe/Berlin")
			for b.Loop() {
				if _, found := s.Latest(now.AddDate(-3, 0, 0), now); !found {
					b.Fatal("found none")
				}
			}
		})
	}
}
