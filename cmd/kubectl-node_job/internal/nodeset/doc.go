// Package nodeset writes many node names in few characters, as node-[001-260,262-410], and reads
// what is written so. It does for Kubernetes' nodes what pdsh and ClusterShell do for hosts.
package nodeset
