// Package plan decides what to do for a Job. Compute takes a State, which holds
// all that was observed, and returns a Plan, which holds all that one reconcile
// does, as data. It is pure: it has no client, no clock, no lock and no memory.
//
// What one pod says is read by ReadPod. The policies stand in a file each: which
// nodes failed (tally.go), whether the Job is over (outcome.go), what blocks it
// (blocker.go), its status and events, when a status is worth a write
// (throttle.go), which pods to ungate and which to delete.
package plan
