// Package job is the manager: it turns each Job into a DaemonSet, and what it
// sees of the DaemonSet and its pods into the Job's status.
//
// Reconcile reads as observe, decide, act. What is decided stands in pure
// files beside it: the pod template and the DaemonSet that a Job asks for, what
// one pod says of its node, the sums over all nodes, the verdict, what is in the
// way, the new status and its events, which gates to open and which pods to
// replace. Nothing that matters lives only in memory: every count and deadline is
// recomputed from objects.
package job
