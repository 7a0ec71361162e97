package schedule

import (
	"time"

	"github.com/robfig/cron/v3"
)

// Schedule is a schedule in its time zone. It always has a next time.
type Schedule struct {
	wallTimes cron.Schedule
	clock     wallClock
	// repeats is true if the schedule runs in both passes of a repeated hour.
	repeats bool
}

// Next returns the first scheduled instant after the given one, in UTC.
func (s *Schedule) Next(after time.Time) time.Time {
	if s.repeats {
		return s.nextMatch(after)
	}
	return s.clock.reaches(s.step(s.clock.shown(after)))
}

// nextMatch returns the first instant after the given one whose wall time matches.
func (s *Schedule) nextMatch(after time.Time) time.Time {
	current := s.clock.periodAt(after)
	for {
		match := current.instant(s.step(current.wallTime(after)))
		if current.endsAfter(match) {
			return match
		}
		after, current = current.last(), s.clock.periodAt(current.end)
	}
}

// Latest returns the last scheduled instant that is after since and not after now, and
// false if there is none. Its cost does not grow with the number of instants between.
func (s *Schedule) Latest(since, now time.Time) (time.Time, bool) {
	for window := time.Minute; ; window *= 2 {
		from := now.Add(-window)
		if from.Before(since) {
			from = since
		}
		if first := s.Next(from); !first.After(now) {
			return s.last(first, now), true
		}
		if !from.After(since) {
			return time.Time{}, false
		}
	}
}

// last returns the last scheduled instant that is not after now. It halves the time
// between one that is known and now. All of them are whole seconds.
func (s *Schedule) last(known, now time.Time) time.Time {
	for span := now.Sub(known); span >= time.Second; span = now.Sub(known) {
		half := known.Add(span / 2)
		if run := s.Next(half); run.After(now) {
			now = half
		} else {
			known = run
		}
	}
	return known
}

// step returns the first wall time of the schedule after the given one. robfig/cron gives
// up after five years, and between leap days can be eight.
func (s *Schedule) step(wall time.Time) time.Time {
	for {
		if next := s.wallTimes.Next(wall); !next.IsZero() {
			return next
		}
		wall = time.Date(wall.Year()+6, time.January, 1, 0, 0, 0, -1, time.UTC)
	}
}
