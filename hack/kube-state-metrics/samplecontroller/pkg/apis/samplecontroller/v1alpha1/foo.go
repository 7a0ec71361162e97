// Package v1alpha1 stands in for that of sample-controller. kube-state-metrics compares a type
// with Foo, which only its own tests use, and the checksum database has no version of
// sample-controller that a module proxy serves.
package v1alpha1

// Foo is no object of any cluster.
type Foo struct{}
