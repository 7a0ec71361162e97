// Package job is the manager: it turns each Job into a DaemonSet, and what it
// observes of the DaemonSet and its pods into the Job's status.
//
// Reconcile reads as its steps: load, sync the DaemonSet, observe, compute,
// execute. What to do is decided in internal/plan and internal/daemonset, which
// are pure. This package reads the cluster and writes to it.
package job
