// Package ratelimit says how long a controller waits until it retries what failed.
package ratelimit

import (
	"time"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

const (
	shortest = 5 * time.Millisecond

	// Longest is the most that a controller waits until it retries an object that failed to
	// reconcile. What fails for long is usually repaired by an administrator, who then waits
	// for it.
	Longest = 30 * time.Second
)

// New returns a rate limiter that doubles the wait of an object with each failure in a row, from
// 5 ms to Longest. That of controller-runtime would double it to a quarter of an hour.
func New() workqueue.TypedRateLimiter[reconcile.Request] {
	return workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](shortest, Longest)
}
