// Package fake stands in for that of sample-controller. Only tests of kube-state-metrics import
// it: it is here for go mod tidy, which asks for it.
package fake
