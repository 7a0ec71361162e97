package schedule

import (
	"errors"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func TestParseRefuses(t *testing.T) {
	const (
		five   = `write five fields (minute, hour, day of month, month, day of week), as in "0 3 * * *"`
		values = ", as numbers or names, ranges (1-5), lists (1,3), steps (*/2) or *"
		iana   = "write an IANA name, as in Europe/Berlin or Etc/UTC"
	)
	for _, test := range []struct{ schedule, timeZone, message string }{
		{"", "", "schedule is empty: " + five},
		{" \t", "", "schedule is empty: " + five},
		{"0 3 * *", "", `schedule "0 3 * *" has 4 fields: ` + five},
		{"0 0 3 * * *", "", `schedule "0 0 3 * * *" has six fields: leave the seconds out, and ` + five},
		{"0 0 3 * * ? 2026", "", `schedule "0 0 3 * * ? 2026" has 7 fields: ` + five},
		{"TZ=UTC 0 3 * * *", "", `schedule "TZ=UTC 0 3 * * *" has a time zone in it: leave it out, and write it in timeZone`},
		{" CRON_TZ=UTC 0 3 * * *", "", `schedule " CRON_TZ=UTC 0 3 * * *" has a time zone in it: leave it out, and write it in timeZone`},
		{"0 3 * * * TZ=UTC", "", `schedule "0 3 * * * TZ=UTC" has a time zone in it: leave it out, and write it in timeZone`},
		{"TZ=UTC", "", `schedule "TZ=UTC" has a time zone in it: leave it out, and write it in timeZone`},
		{"@every 1h", "", `schedule "@every 1h" has no times of its own: write "*/15 * * * *" for every 15 minutes, "0 */2 * * *" for every two hours`},
		{"@every", "", `schedule "@every" has no times of its own: write "*/15 * * * *" for every 15 minutes, "0 */2 * * *" for every two hours`},
		{"@reboot", "", `schedule "@reboot" names no time: write @hourly, @daily, @weekly, @monthly, @yearly or five fields`},
		{"@fortnightly", "", `schedule "@fortnightly" is unknown: write @hourly, @daily, @weekly, @monthly, @yearly or five fields`},
		{"@daily 3", "", `schedule "@daily 3" is unknown: write @hourly, @daily, @weekly, @monthly, @yearly or five fields`},
		{"60 * * * *", "", `schedule "60 * * * *" has an invalid minute "60": write 0 to 59` + values},
		{"* -1 * * *", "", `schedule "* -1 * * *" has an invalid hour "-1": write 0 to 23` + values},
		{"* * 0 * *", "", `schedule "* * 0 * *" has an invalid day of month "0": write 1 to 31` + values},
		{"* * L * *", "", `schedule "* * L * *" has an invalid day of month "L": write 1 to 31` + values},
		{"* * * 2-1 *", "", `schedule "* * * 2-1 *" has an invalid month "2-1": write 1 to 12 or JAN to DEC` + values},
		{"* * * * 7", "", `schedule "* * * * 7" has an invalid day of week "7": write 0 (Sunday) to 6 or SUN to SAT` + values},
		{"*/0 * * * *", "", `schedule "*/0 * * * *" has an invalid minute "*/0": write 0 to 59` + values},
		{"* , * * *", "", `schedule "* , * * *" has an invalid hour ",": write 0 to 23` + values},
		{"0 0 30 2 *", "", `schedule "0 0 30 2 *" never fires: write a day of month that one of its months has`},
		{"0 0 31 2,4,6,9,11 *", "", `schedule "0 0 31 2,4,6,9,11 *" never fires: write a day of month that one of its months has`},
		{"0 3 * * *", "Berlin", `timeZone "Berlin" is unknown: ` + iana},
		{"0 3 * * *", "UTC+2", `timeZone "UTC+2" is unknown: ` + iana},
		{"0 3 * * *", "../zoneinfo/Europe/Berlin", `timeZone "../zoneinfo/Europe/Berlin" is unknown: ` + iana},
		{"0 3 * * *", "/etc/localtime", `timeZone "/etc/localtime" is unknown: ` + iana},
		{"0 3 * * *", "Local", "timeZone Local depends on the machine: " + iana},
		{"0 3 * * *", "local", "timeZone local depends on the machine: " + iana},
		{"0 3 * * *", "localtime", "timeZone localtime depends on the machine: " + iana},
		{"0 3 * *", "Berlin", `schedule "0 3 * *" has 4 fields: ` + five},
	} {
		t.Run(test.schedule+" "+test.timeZone, func(t *testing.T) {
			g := NewWithT(t)
			s, err := Parse(test.schedule, test.timeZone)
			g.Expect(s).To(BeNil())
			g.Expect(err).To(MatchError(test.message))
			_, ofZone := errors.AsType[InvalidTimeZoneError](err)
			_, ofSchedule := errors.AsType[InvalidScheduleError](err)
			g.Expect(ofZone).To(Equal(strings.HasPrefix(test.message, "timeZone")))
			g.Expect(ofSchedule).To(Equal(!ofZone))
		})
	}
}

func TestParseTakes(t *testing.T) {
	for schedule, next := range map[string]string{
		"@hourly":              "2026-07-15 13:00 +02:00",
		"@daily":               "2026-07-16 00:00 +02:00",
		"@midnight":            "2026-07-16 00:00 +02:00",
		"@weekly":              "2026-07-19 00:00 +02:00",
		"@monthly":             "2026-08-01 00:00 +02:00",
		"@yearly":              "2027-01-01 00:00 +01:00",
		"@annually":            "2027-01-01 00:00 +01:00",
		" @daily ":             "2026-07-16 00:00 +02:00",
		" 0  3 * *\t* ":        "2026-07-16 03:00 +02:00",
		"0 3 * * 0":            "2026-07-19 03:00 +02:00",
		"0 3 * JAN-Mar sun":    "2027-01-03 03:00 +01:00",
		"0 3 13 * FRI":         "2026-07-17 03:00 +02:00",
		"15/20 8-18/5 * * *":   "2026-07-15 13:15 +02:00",
		"0 3 29-31 2 *":        "2028-02-29 03:00 +01:00",
		"0 0 30 2 0":           "2027-02-07 00:00 +01:00",
		"*/2000000000 3 * * *": "2026-07-16 03:00 +02:00",
	} {
		t.Run(schedule, func(t *testing.T) {
			NewWithT(t).Expect(parse(t, schedule, "Europe/Berlin").Next(instant(t, "2026-07-15 12:34 +02:00"))).To(Equal(instant(t, next)))
		})
	}
}

// FuzzParse parses what a user may write, and asks for times around any instant.
func FuzzParse(f *testing.F) {
	for _, schedule := range []string{"0 3 * * *", "*/5 * * * *", "0 0 29 2 *", "0 0 30 2 *", "@daily", "@every 1s", "TZ=UTC", "? ? ? ? ?", ",,, * * * *", "1-/ * * * *", "0 0 0 3 * *"} {
		for _, zone := range []string{"", "Europe/Berlin", "Pacific/Apia", "Local", "../x", "right/UTC", "Europe"} {
			f.Add(schedule, zone, int64(1_790_000_000))
			f.Add(schedule, zone, int64(2_492_800_000))
		}
	}
	f.Fuzz(func(t *testing.T, schedule, zone string, seconds int64) {
		g := NewWithT(t)
		s, err := Parse(schedule, zone)
		if err != nil {
			_, ofZone := errors.AsType[InvalidTimeZoneError](err)
			_, ofSchedule := errors.AsType[InvalidScheduleError](err)
			g.Expect(ofZone || ofSchedule).To(BeTrue())
			g.Expect(len(err.Error())).To(BeNumerically("<", 3000), "a condition's message has its limit")
			g.Expect(err.Error()).To(Or(ContainSubstring(": write "), ContainSubstring(": leave ")))
			return
		}
		after := time.Unix(seconds%(8000*365*24*3600), seconds&0x3fffffff%1e9) // From 6000 BC to 9970.
		next := s.Next(after)
		g.Expect(next).To(BeTemporally(">", after))
		g.Expect(next).To(BeTemporally("<", after.AddDate(9, 0, 0)))
		second := s.Next(next)
		g.Expect(second).To(BeTemporally(">", next))
		_, found := s.Latest(after, next.Add(-1))
		g.Expect(found).To(BeFalse())
		latest, found := s.Latest(after, second)
		g.Expect(found).To(BeTrue())
		g.Expect(latest).To(Equal(second))
	})
}
