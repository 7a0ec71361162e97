// Command bench measures the operator on thousands of simulated nodes. The API server,
// etcd, controller manager and scheduler are real, kwok simulates nodes and pods, and
// the operator's two binaries run as they ship, with their own rights. Each case is
// compared with a bare DaemonSet with the same pods on the same cluster: nothing that
// makes a DaemonSet can be faster. docs/benchmark.md explains the output.
package main
