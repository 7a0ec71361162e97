// Package schedule says when a CronJob runs. Parse reads a schedule and its time zone,
// Next returns the first time after an instant, and Latest the last one that is not
// after an instant. It is pure: it has no clock, no lock and no memory. Time zones are
// those of the machine, or else those that the program carries.
//
// robfig/cron steps from one wall time to the next, as if the wall clock never changed.
// This package maps these wall times to instants. Where a zone sets its clock forward or
// back (daylight saving, or a change of the zone's own offset), two rules hold:
//
//   - A schedule whose minute or hour begins with * runs at each instant whose wall time
//     matches. It runs in both passes of a repeated hour, and a gap adds nothing. As for
//     robfig/cron, ? means the same as *.
//   - Any other schedule runs at the instant at which the wall clock first shows the wall
//     time or a later one. A repeated wall time runs once, at its first instant. All wall
//     times in a gap, and the one at its end, are one run at the first instant after it.
package schedule
