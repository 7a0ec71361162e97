package schedule

import (
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // An image may have no time zones.

	"github.com/robfig/cron/v3"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// What to write instead of what is refused.
const (
	writeFields     = `write five fields (minute, hour, day of month, month, day of week), as in "0 3 * * *"`
	writeDescriptor = "write @hourly, @daily, @weekly, @monthly, @yearly or five fields"
	writeTimeZone   = "write an IANA name, as in Europe/Berlin or Etc/UTC"
)

// fields are the fields of a schedule, in their order.
var fields = []struct{ name, values string }{
	{"minute", "0 to 59"},
	{"hour", "0 to 23"},
	{"day of month", "1 to 31"},
	{"month", "1 to 12 or JAN to DEC"},
	{"day of week", "0 (Sunday) to 6 or SUN to SAT"},
}

// InvalidScheduleError says why a schedule is refused, and what to write instead.
type InvalidScheduleError string

func (e InvalidScheduleError) Error() string { return string(e) }

// InvalidTimeZoneError says why a time zone is refused, and what to write instead.
type InvalidTimeZoneError string

func (e InvalidTimeZoneError) Error() string { return string(e) }

// Parse returns the Schedule of five fields, or one of @hourly to @yearly, in an IANA time
// zone; an empty one is Etc/UTC. An error is an InvalidScheduleError or InvalidTimeZoneError.
func Parse(schedule, timeZone string) (*Schedule, error) {
	words := strings.Fields(schedule)
	if err := checkForm(schedule, words); err != nil {
		return nil, err
	}
	wallTimes, err := cron.ParseStandard(strings.Join(words, " "))
	if err != nil {
		return nil, InvalidScheduleError(fmt.Sprintf("schedule %.100q is unknown: %s", schedule, writeDescriptor))
	}
	// Each day of the calendar comes in the five years from here that robfig/cron looks through.
	if wallTimes.Next(time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, InvalidScheduleError(fmt.Sprintf("schedule %.100q never fires: write a day of month that one of its months has", schedule))
	}
	zone, err := loadZone(timeZone)
	if err != nil {
		return nil, err
	}
	return &Schedule{wallTimes: wallTimes, clock: wallClock{zone}, repeats: repeats(words)}, nil
}

// checkForm refuses what robfig/cron takes and a CronJob does not, and names the field that is invalid.
func checkForm(schedule string, words []string) error {
	refuse := func(why, write string) error {
		return InvalidScheduleError(fmt.Sprintf("schedule %.100q %s: %s", schedule, why, write))
	}
	switch {
	case len(words) == 0:
		return InvalidScheduleError("schedule is empty: " + writeFields)
	case strings.Contains(schedule, "TZ="):
		return refuse("has a time zone in it", "leave it out, and write it in timeZone")
	case words[0] == "@every":
		return refuse("has no times of its own", `write "*/15 * * * *" for every 15 minutes, "0 */2 * * *" for every two hours`)
	case words[0] == "@reboot":
		return refuse("names no time", writeDescriptor)
	case strings.HasPrefix(words[0], "@"):
		return nil
	case len(words) == len(fields)+1:
		return refuse("has six fields", "leave the seconds out, and "+writeFields)
	case len(words) != len(fields):
		return refuse(fmt.Sprintf("has %d fields", len(words)), writeFields)
	}
	for i, word := range words {
		if !validField(i, word) {
			return refuse(fmt.Sprintf("has an invalid %s %.100q", fields[i].name, word),
				"write "+fields[i].values+", as numbers or names, ranges (1-5), lists (1,3), steps (*/2) or *")
		}
	}
	return nil
}

// validField returns whether robfig/cron takes a word for a field. It takes commas alone for
// a list without values.
func validField(i int, word string) bool {
	alone := []string{"*", "*", "*", "*", "*"}
	alone[i] = word
	_, err := cron.ParseStandard(strings.Join(alone, " "))
	return err == nil && strings.Trim(word, ",") != ""
}

// repeats returns whether the minute or the hour begins with *, for which robfig/cron takes ? too.
func repeats(words []string) bool {
	return words[0] == "@hourly" || len(words) > 1 && (strings.IndexAny(words[0], "*?") == 0 || strings.IndexAny(words[1], "*?") == 0)
}

// loadZone returns the time zone of a name.
func loadZone(name string) (*time.Location, error) {
	if strings.EqualFold(name, "Local") || name == "localtime" {
		return nil, InvalidTimeZoneError(fmt.Sprintf("timeZone %s depends on the machine: %s", name, writeTimeZone))
	}
	if name == "" {
		name = v1beta1.DefaultTimeZone
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, InvalidTimeZoneError(fmt.Sprintf("timeZone %.100q is unknown: %s", name, writeTimeZone))
	}
	return zone, nil
}
