package schedule

import "time"

// reach is longer than any zone is away from UTC, and than any clock was set back.
const reach = 72 * time.Hour

// wallClock shows the wall time of a zone. Wall times are written as times in UTC.
type wallClock struct{ zone *time.Location }

// period is a time in which the zone keeps one offset from UTC. The next one may have the
// same. An end that is zero is the end of time. It has no start: ZoneBounds returns one
// that is too early after the last transition of a zone that has rules for the future.
type period struct {
	end    time.Time
	offset time.Duration
}

// periodAt returns the period that an instant is in.
func (c wallClock) periodAt(t time.Time) period {
	t = t.In(c.zone)
	_, end := t.ZoneBounds()
	if !end.IsZero() && !end.After(t) {
		// ZoneBounds ends a period with the year, and a leap year a day early (golang/go#81583).
		end = time.Date(t.UTC().Year()+1, time.January, 1, 0, 0, 0, 0, time.UTC)
	}
	_, seconds := t.Zone()
	return period{end: end, offset: time.Duration(seconds) * time.Second}
}

func (p period) wallTime(t time.Time) time.Time { return t.UTC().Add(p.offset) }

func (p period) instant(wall time.Time) time.Time { return wall.Add(-p.offset) }

// endsAfter returns whether the period ends after an instant.
func (p period) endsAfter(t time.Time) bool { return p.end.IsZero() || p.end.After(t) }

// last returns the last nanosecond of a period that has an end.
func (p period) last() time.Time { return p.end.Add(-time.Nanosecond) }

// shown returns the latest wall time that the clock has shown up to an instant. When it was
// set back, that is an earlier one until the clock has caught up.
func (c wallClock) shown(t time.Time) time.Time {
	current := c.periodAt(t.Add(-reach))
	latest := current.wallTime(t.Add(-reach))
	for !current.endsAfter(t) {
		latest = later(latest, current.wallTime(current.last()))
		current = c.periodAt(current.end)
	}
	return later(latest, current.wallTime(t))
}

// reaches returns the first instant at which the clock shows a wall time or a later one.
func (c wallClock) reaches(wall time.Time) time.Time {
	start := wall.Add(-reach)
	for {
		current := c.periodAt(start)
		if t := later(start, current.instant(wall)); current.endsAfter(t) {
			return t.UTC()
		}
		start = current.end
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
