// Command bench measures the operator on thousands of simulated nodes: a real
// API server, etcd, controller manager and scheduler, nodes and pods by kwok, and
// the operator's two binaries as they ship, with the rights that they ship with.
// Each case stands beside a bare DaemonSet with the same pods on the same cluster,
// which nothing that makes a DaemonSet can beat. docs/performance.md tells how to
// read what it prints.
package main
