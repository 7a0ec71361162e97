// Package daemonset computes the DaemonSet that a Job asks for. It is pure: the
// same Job gives the same DaemonSet, and nothing here reads or writes a cluster.
//
// Both of its hashes are contracts that outlive a version of the operator. The
// template hash says what runs: a pod that carries another one belongs to an
// earlier template, and its work is run again. The applied hash says what was
// written: a DaemonSet that carries another one is applied again.
package daemonset
