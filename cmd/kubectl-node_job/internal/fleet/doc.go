// Package fleet reads and follows a Job and what says how far its nodes are: its DaemonSet, pods
// and JobRecords, and the nodes. Only the Job is required: what a user may not read is left out,
// and named.
package fleet
