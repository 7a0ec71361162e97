package schedule

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"
)

// change is an instant at which a zone changes its offset from UTC.
type change struct {
	at     time.Time
	offset time.Duration
}

// zoneOf returns a zone that begins with an offset and changes it. What follows the last
// change is by rules, in the form of the environment variable TZ, if they are given.
func zoneOf(t testing.TB, offset time.Duration, rules string, changes ...change) *time.Location {
	t.Helper()
	var data bytes.Buffer
	write := func(values ...any) {
		for _, value := range values {
			if err := binary.Write(&data, binary.BigEndian, value); err != nil {
				t.Fatal(err)
			}
		}
	}
	offsets := append([]change{{offset: offset}}, changes...)
	// The file comes twice: the first, which is empty, is for readers that know 32 bits only.
	write([]byte("TZif2"), make([]byte, 15), []uint32{0, 0, 0, 0, 1, 4}, make([]byte, 6), []byte("ONE\x00"))
	write([]byte("TZif2"), make([]byte, 15), []uint32{0, 0, 0, uint32(len(changes)), uint32(len(offsets)), 4})
	for _, c := range changes {
		write(c.at.Unix())
	}
	for i := range changes {
		write(uint8(i + 1))
	}
	for _, c := range offsets {
		write(int32(c.offset/time.Second), uint8(0), uint8(0))
	}
	write([]byte("ONE\x00\n" + rules + "\n"))
	zone, err := time.LoadLocationFromTZData("Test", data.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// zones are those with changes that are rare, and some without any.
var zones = []string{
	"Africa/Cairo", "Africa/Casablanca", "America/New_York", "America/Nuuk", "America/Sao_Paulo", "America/St_Johns", "Antarctica/Troll", "Asia/Beirut", "Asia/Gaza",
	"Asia/Kathmandu", "Asia/Tehran", "Australia/Lord_Howe", "Etc/GMT+5", "Europe/Berlin", "Europe/Dublin", "Pacific/Apia", "Pacific/Chatham", "Pacific/Kwajalein", "UTC",
}

// newZone returns a zone and an instant, half of the time just before its offset changes.
func newZone(t *testing.T, random *rand.Rand) (*time.Location, time.Time) {
	from := time.Date(1972+random.IntN(90), time.January, 1+random.IntN(365), random.IntN(24), random.IntN(60), random.IntN(60), random.IntN(2)*random.IntN(1e9), time.UTC)
	if random.IntN(3) == 0 {
		quarters := func() time.Duration { return time.Duration(random.IntN(105)-48) * 15 * time.Minute }
		changes, at := []change{}, from
		for range 1 + random.IntN(3) {
			at = at.Add(time.Duration(random.IntN(5000)) * time.Minute).Truncate(time.Minute)
			changes = append(changes, change{at, quarters()})
			at = at.Add(60 * time.Hour) // Longer than the clock was set back.
		}
		return zoneOf(t, quarters(), "", changes...), from
	}
	zone, err := time.LoadLocation(zones[random.IntN(len(zones))])
	if err != nil {
		t.Fatal(err)
	}
	if random.IntN(2) == 0 {
		return zone, from
	}
	offsetAt := func(t time.Time) int { _, offset := t.In(zone).Zone(); return offset }
	for day := range 400 {
		if at := from.AddDate(0, 0, day); offsetAt(at) != offsetAt(at.AddDate(0, 0, 1)) {
			return zone, at.Add(-time.Duration(random.IntN(2000)) * time.Minute)
		}
	}
	return zone, from
}

// inZone returns a schedule in a zone that has no name.
func inZone(t testing.TB, schedule string, zone *time.Location) *Schedule {
	t.Helper()
	s := parse(t, schedule, "")
	s.clock = wallClock{zone}
	return s
}

func parse(t testing.TB, schedule, timeZone string) *Schedule {
	t.Helper()
	s, err := Parse(schedule, timeZone)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// instant returns the time that is written with its offset from UTC.
func instant(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04 -07:00", text)
	if err != nil {
		t.Fatal(err)
	}
	return at.UTC()
}
