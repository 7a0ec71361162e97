package schedule

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// between returns the scheduled instants after from and not after until, as the zone shows them.
func between(s *Schedule, from, until time.Time) []string {
	runs := []string{}
	for run := s.Next(from); !run.After(until); run = s.Next(run) {
		if !run.After(from) {
			return append(runs, "not after "+from.String())
		}
		runs, from = append(runs, run.In(s.clock.zone).Format("02 15:04 -07:00")), run
	}
	return runs
}

func TestDaylightSaving(t *testing.T) {
	for name, test := range map[string]struct {
		zone, schedule, from, until string
		runs                        []string
	}{
		"a time in a gap runs at its end": {
			"Europe/Berlin", "30 2 * * *", "2026-03-28 12:00 +01:00", "2026-03-30 12:00 +02:00", []string{"29 03:00 +02:00", "30 02:30 +02:00"}},
		"all times in a gap are one run": {
			"Europe/Berlin", "5,25,45 2 * * *", "2026-03-29 00:00 +01:00", "2026-03-30 00:00 +02:00", []string{"29 03:00 +02:00"}},
		"a run at the end of a gap is the same run": {
			"Europe/Berlin", "0 2-4 * * *", "2026-03-29 00:00 +01:00", "2026-03-30 00:00 +02:00", []string{"29 03:00 +02:00", "29 04:00 +02:00"}},
		"a repeated time runs at its first instant": {
			"Europe/Berlin", "30 2 * * *", "2026-10-25 00:00 +02:00", "2026-10-26 00:00 +01:00", []string{"25 02:30 +02:00"}},
		"the end of a repeated hour runs once": {
			"Europe/Berlin", "0 3 * * *", "2026-10-25 00:00 +02:00", "2026-10-26 00:00 +01:00", []string{"25 03:00 +01:00"}},
		"the beginning of a repeated hour runs at its first instant": {
			"Europe/Berlin", "0 2 * * *", "2026-10-25 00:00 +02:00", "2026-10-26 00:00 +01:00", []string{"25 02:00 +02:00"}},
		"from between both passes": {
			"Europe/Berlin", "30 2 * * *", "2026-10-25 02:45 +02:00", "2026-10-26 12:00 +01:00", []string{"26 02:30 +01:00"}},
		"from the second pass": {
			"Europe/Berlin", "30 2 * * *", "2026-10-25 02:15 +01:00", "2026-10-26 12:00 +01:00", []string{"26 02:30 +01:00"}},
		"each hour in a gap": {
			"Europe/Berlin", "30 * * * *", "2026-03-29 00:00 +01:00", "2026-03-29 04:00 +02:00", []string{"29 00:30 +01:00", "29 01:30 +01:00", "29 03:30 +02:00"}},
		"each hour in a repeated hour": {
			"Europe/Berlin", "30 * * * *", "2026-10-25 01:00 +02:00", "2026-10-25 04:00 +01:00",
			[]string{"25 01:30 +02:00", "25 02:30 +02:00", "25 02:30 +01:00", "25 03:30 +01:00"}},
		"@hourly in a repeated hour": {
			"Europe/Berlin", "@hourly", "2026-10-25 01:00 +02:00", "2026-10-25 03:00 +01:00", []string{"25 02:00 +02:00", "25 02:00 +01:00", "25 03:00 +01:00"}},
		"a minute with a step in a repeated hour": {
			"Europe/Berlin", "*/30 2 * * *", "2026-10-25 00:00 +02:00", "2026-10-26 00:00 +01:00",
			[]string{"25 02:00 +02:00", "25 02:30 +02:00", "25 02:00 +01:00", "25 02:30 +01:00"}},
		"a minute with a step in a gap": {
			"Europe/Berlin", "*/30 2 * * *", "2026-03-29 00:00 +01:00", "2026-03-30 02:15 +02:00", []string{"30 02:00 +02:00"}},
		"a question mark is a star": {
			"Europe/Berlin", "30 ? * * *", "2026-10-25 02:00 +02:00", "2026-10-25 03:00 +01:00", []string{"25 02:30 +02:00", "25 02:30 +01:00"}},
		"a list that ends with a star begins with none": {
			"Europe/Berlin", "30 2,* * * *", "2026-10-25 02:00 +02:00", "2026-10-25 04:00 +01:00", []string{"25 02:30 +02:00", "25 03:30 +01:00"}},
		"so does a list of minutes": {
			"Europe/Berlin", "0,*/30 2 * * *", "2026-10-25 00:00 +02:00", "2026-10-25 04:00 +01:00", []string{"25 02:00 +02:00", "25 02:30 +02:00"}},
		"New York, a gap": {
			"America/New_York", "30 2 * * 0", "2026-03-07 12:00 -05:00", "2026-03-15 12:00 -04:00", []string{"08 03:00 -04:00", "15 02:30 -04:00"}},
		"New York, a repeated hour": {
			"America/New_York", "30 1 * * *", "2026-10-31 12:00 -04:00", "2026-11-02 12:00 -05:00", []string{"01 01:30 -04:00", "02 01:30 -05:00"}},
		"New York, 01:00 runs once": {
			"America/New_York", "0 1 * * *", "2026-10-31 12:00 -04:00", "2026-11-01 12:00 -05:00", []string{"01 01:00 -04:00"}},
		"Lord Howe, a gap of half an hour": {
			"Australia/Lord_Howe", "0,15 2 * * *", "2026-10-04 00:00 +10:30", "2026-10-05 00:00 +11:00", []string{"04 02:30 +11:00"}},
		"Lord Howe, a run at the end of its gap": {
			"Australia/Lord_Howe", "15,30,45 2 * * *", "2026-10-04 00:00 +10:30", "2026-10-05 00:00 +11:00", []string{"04 02:30 +11:00", "04 02:45 +11:00"}},
		"Lord Howe, each hour in its gap": {
			"Australia/Lord_Howe", "0 * * * *", "2026-10-04 00:30 +10:30", "2026-10-04 03:30 +11:00", []string{"04 01:00 +10:30", "04 03:00 +11:00"}},
		"Lord Howe, a repeated half hour": {
			"Australia/Lord_Howe", "15,45 1 * * *", "2026-04-05 00:00 +11:00", "2026-04-06 00:00 +10:30", []string{"05 01:15 +11:00", "05 01:45 +11:00"}},
		"Lord Howe, each hour in its repeated half hour": {
			"Australia/Lord_Howe", "15,45 * * * *", "2026-04-05 01:00 +11:00", "2026-04-05 02:30 +10:30",
			[]string{"05 01:15 +11:00", "05 01:45 +11:00", "05 01:45 +10:30", "05 02:15 +10:30"}},
		"Apia, a day that is skipped": {
			"Pacific/Apia", "0 3 * * *", "2011-12-29 00:00 -10:00", "2012-01-01 00:00 +14:00", []string{"29 03:00 -10:00", "31 00:00 +14:00", "31 03:00 +14:00"}},
		"Apia, midnight after it": {
			"Pacific/Apia", "@daily", "2011-12-28 12:00 -10:00", "2012-01-01 12:00 +14:00", []string{"29 00:00 -10:00", "31 00:00 +14:00", "01 00:00 +14:00"}},
		"Apia, each six hours of it": {
			"Pacific/Apia", "0 */6 * * *", "2011-12-29 12:00 -10:00", "2011-12-31 12:00 +14:00", []string{"29 18:00 -10:00", "31 00:00 +14:00", "31 06:00 +14:00", "31 12:00 +14:00"}},
		"Apia, its day of the month": {
			"Pacific/Apia", "0 12 30 * *", "2011-12-01 00:00 -10:00", "2012-01-31 00:00 +14:00", []string{"31 00:00 +14:00", "30 12:00 +14:00"}},
		"Kwajalein, a day that is repeated": {
			"Pacific/Kwajalein", "0 12 * * *", "1969-09-29 13:00 +11:00", "1969-10-01 13:00 -12:00", []string{"30 12:00 +11:00", "01 12:00 -12:00"}},
		"São Paulo, no midnight": {
			"America/Sao_Paulo", "@daily", "2018-11-03 12:00 -03:00", "2018-11-05 12:00 -02:00", []string{"04 01:00 -02:00", "05 00:00 -02:00"}},
		"São Paulo, midnight comes twice": {
			"America/Sao_Paulo", "@daily", "2018-02-16 12:00 -02:00", "2018-02-18 12:00 -03:00", []string{"17 00:00 -02:00", "18 00:00 -03:00"}},
		"Beirut, no midnight": {
			"Asia/Beirut", "15,45 0 * * *", "2022-03-26 12:00 +02:00", "2022-03-27 12:00 +03:00", []string{"27 01:00 +03:00"}},
		"Beirut, 23:30 comes twice": {
			"Asia/Beirut", "30 23 * * *", "2022-10-29 12:00 +03:00", "2022-10-30 12:00 +02:00", []string{"29 23:30 +03:00"}},
		"Cairo, no midnight": {
			"Africa/Cairo", "@weekly", "2023-04-22 12:00 +02:00", "2023-04-30 12:00 +03:00", []string{"23 00:00 +02:00", "30 00:00 +03:00"}},
		"Cairo, no Friday midnight": {
			"Africa/Cairo", "0 0 * * FRI", "2023-04-22 12:00 +02:00", "2023-04-30 12:00 +03:00", []string{"28 01:00 +03:00"}},
		"Dublin, whose winter is the saving": {
			"Europe/Dublin", "30 1 * * *", "2026-10-24 12:00 +01:00", "2026-10-26 00:00 +00:00", []string{"25 01:30 +01:00"}},
		"Dublin, a gap": {
			"Europe/Dublin", "30 1 * * *", "2026-03-28 12:00 +00:00", "2026-03-30 00:00 +01:00", []string{"29 02:00 +01:00"}},
		"a zone that never changes": {
			"Etc/GMT+5", "30 2 * * *", "2026-03-28 12:00 -05:00", "2026-03-30 12:00 -05:00", []string{"29 02:30 -05:00", "30 02:30 -05:00"}},
		"no zone": {
			"", "30 2 * * *", "2026-03-28 12:00 +00:00", "2026-03-30 12:00 +00:00", []string{"29 02:30 +00:00", "30 02:30 +00:00"}},
		"a leap day": {
			"Europe/Berlin", "0 0 29 2 *", "2024-02-29 00:00 +01:00", "2032-02-29 00:00 +01:00", []string{"29 00:00 +01:00", "29 00:00 +01:00"}},
		"eight years without a leap day": {
			"", "0 0 29 2 *", "2096-02-29 00:00 +00:00", "2104-02-29 00:00 +00:00", []string{"29 00:00 +00:00"}},
		"the last day of a leap year by the rules for the future": {
			"Europe/Berlin", "0 22-23 * * *", "2048-12-31 12:00 +01:00", "2049-01-01 12:00 +01:00", []string{"31 22:00 +01:00", "31 23:00 +01:00"}},
	} {
		t.Run(name, func(t *testing.T) {
			g, s := NewWithT(t), parse(t, test.schedule, test.zone)
			g.Expect(between(s, instant(t, test.from), instant(t, test.until))).To(Equal(test.runs))
		})
	}
}

// TestAfterTheLastChange is for what ZoneBounds says between the last change of a zone and the
// first by its rules: Metlakatla set its clock back in January 2019, as it is written in time/tzdata.
func TestAfterTheLastChange(t *testing.T) {
	g := NewWithT(t)
	back := instant(t, "2019-01-20 02:00 -08:00")
	zone := zoneOf(t, -8*time.Hour, "AKST9AKDT,M3.2.0,M11.1.0", change{back, -9 * time.Hour})
	from, until := instant(t, "2019-01-20 00:00 -08:00"), instant(t, "2019-01-20 12:00 -09:00")
	g.Expect(between(inZone(t, "30 1 * * *", zone), from, until)).To(Equal([]string{"20 01:30 -08:00"}))
	g.Expect(between(inZone(t, "*/30 1 * * *", zone), from, until)).To(Equal([]string{"20 01:00 -08:00", "20 01:30 -08:00", "20 01:00 -09:00", "20 01:30 -09:00"}))
	forward := instant(t, "2019-01-20 02:00 -10:00")
	zone = zoneOf(t, -10*time.Hour, "AKST9AKDT,M3.2.0,M11.1.0", change{forward, -9 * time.Hour})
	g.Expect(between(inZone(t, "30 2 * * *", zone), instant(t, "2019-01-20 00:00 -10:00"), until)).To(Equal([]string{"20 03:00 -09:00"}))
}

// TestLeapYearByRules is for ZoneBounds too, which lets a leap year by rules end a day early.
func TestLeapYearByRules(t *testing.T) {
	g, zone := NewWithT(t), zoneOf(t, time.Hour, "CET-1CEST,M3.5.0,M10.5.0/3")
	from, until := instant(t, "2028-12-31 20:00 +00:00"), instant(t, "2029-01-01 02:00 +00:00")
	for _, schedule := range []string{"0 0,22 * * *", "0 */22 * * *"} {
		g.Expect(between(inZone(t, schedule, zone), from, until)).To(Equal([]string{"31 22:00 +01:00", "01 00:00 +01:00"}))
	}
}

func TestNextIsUTC(t *testing.T) {
	g, s := NewWithT(t), parse(t, "0 3 * * *", "Europe/Berlin")
	after := time.Date(2026, 7, 1, 3, 0, 0, 0, s.clock.zone)
	g.Expect(s.Next(after)).To(Equal(time.Date(2026, 7, 2, 1, 0, 0, 0, time.UTC)))
	g.Expect(s.Next(after.Add(-time.Nanosecond))).To(Equal(after.UTC()))
}
