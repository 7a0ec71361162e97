// Package results says what a run of a Job came to on each node, by its JobRecords and, while the
// Job is there, by plan.View. It prints that as a table, as CSV or as JSON.
package results
