package schedule

import (
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// matches returns whether the schedule has a minute of the wall clock, counted from 1970.
func (s randomSchedule) matches(minute int64) bool {
	wall := time.Unix(minute*60, 0).UTC()
	day, weekday := s[2].values[wall.Day()], s[4].values[int(wall.Weekday())]
	onDay := day || weekday
	if s[2].all() || s[4].all() {
		onDay = day && weekday
	}
	return onDay && s[0].values[wall.Minute()] && s[1].values[wall.Hour()] && s[3].values[int(wall.Month())]
}

// eachMinute returns the runs after from and not after until, by the rules as the user reads
// them: it looks at the wall clock in each minute, and remembers what it has shown.
func (s randomSchedule) eachMinute(zone *time.Location, from, until time.Time) []time.Time {
	both := strings.ContainsAny(s[0].text[:1]+s[1].text[:1], "*?")
	runs, shown, last := []time.Time{}, map[int64]bool{}, int64(0)
	for t := from.Add(-72 * time.Hour).Truncate(time.Minute); !t.After(until); t = t.Add(time.Minute) {
		_, offset := t.In(zone).Zone()
		minute := (t.Unix() + int64(offset)) / 60
		run := s.matches(minute) && (both || !shown[minute])
		for skipped := last + 1; last != 0 && !both && skipped < minute; skipped++ {
			run = run || s.matches(skipped) && !shown[skipped]
		}
		shown[minute], last = true, minute
		if run && t.After(from) {
			runs = append(runs, t.UTC())
		}
	}
	return runs
}

// checkAgainstEachMinute checks Next and Latest of one random schedule, and returns its number of runs.
func checkAgainstEachMinute(t *testing.T, seed uint64) (runs int) {
	random := rand.New(rand.NewPCG(seed, 0))
	given := newSchedule(random)
	zone, from := newZone(t, random)
	until := from.Add(time.Duration(random.IntN(6000)) * time.Minute)
	expected := given.eachMinute(zone, from, until)
	s, err := Parse(given.String(), "")
	if err != nil {
		if !strings.Contains(err.Error(), "never fires") || len(expected) > 0 {
			t.Fatalf("SEED=%d: %v", seed, err)
		}
		return 0
	}
	s.clock = wallClock{zone}
	found := []time.Time{}
	for run := s.Next(from); !run.After(until); run = s.Next(run) {
		if len(found) > len(expected) || len(found) > 0 && !run.After(found[len(found)-1]) {
			break
		}
		found = append(found, run)
	}
	if !slices.Equal(found, expected) {
		t.Fatalf("SEED=%d: %q in %v after %v until %v runs at\n%v\nand not at\n%v", seed, given, zone, from, until, found, expected)
	}
	for range 5 {
		since := from.Add(time.Duration(random.Int64N(int64(until.Sub(from)) + 1)))
		now := since.Add(time.Duration(random.Int64N(int64(until.Sub(since)) + 1)))
		if len(expected) > 0 && random.IntN(2) > 0 {
			now = expected[random.IntN(len(expected))]
		}
		last := time.Time{}
		for _, run := range expected {
			if run.After(since) && !run.After(now) {
				last = run
			}
		}
		if latest, ok := s.Latest(since, now); !latest.Equal(last) || ok == last.IsZero() {
			t.Fatalf("SEED=%d: the latest of %q in %v in (%v, %v] is %v, not %v", seed, given, zone, since, now, latest, last)
		}
	}
	return len(expected)
}

// TestAgainstEachMinute compares random schedules in random zones with what the wall clock
// shows in each minute. A failure prints the SEED that repeats it.
func TestAgainstEachMinute(t *testing.T) {
	if text := os.Getenv("SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		checkAgainstEachMinute(t, seed)
		return
	}
	seed, runs := uint64(time.Now().UnixNano()), 0
	for i := range uint64(300) {
		runs += checkAgainstEachMinute(t, i)
		runs += checkAgainstEachMinute(t, seed+i)
	}
	t.Logf("SEED=%d: %d runs", seed, runs)
	if runs < 10_000 {
		t.Error("too few runs")
	}
}
