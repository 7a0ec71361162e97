// Package guard keeps watch over the admission policy that limits who may write what a Job
// runs: it compares the policy in the cluster with the operator's own copy, applies it where
// the operator may, and says since when it has been enforced.
package guard
