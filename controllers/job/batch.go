package job

import (
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// The events of a Job are collected for a while before it is enqueued. The cost of its
// reconciles then does not grow with the square of its nodes.
const (
	batch = 100 * time.Millisecond
	// maxBatch is for a Job with very many pods.
	maxBatch = time.Second
	// batchedPods is how many pods make a batch longer by its shortest time, and batchedAtWork is how
	// many pods at work do where each end lets another node start.
	batchedPods, batchedAtWork = 500, 2000
)

// batchOf returns how long to collect events that are only counted: one shortest time for each perBatch
// of the pods, within its bounds.
func batchOf(pods, perBatch int) time.Duration {
	return min(maxBatch, max(batch, batch*time.Duration(pods)/time.Duration(perBatch)))
}

// turnOf returns how long to wait when the last slot of a Job with so many pods is free: no event of another
// pod is near. It grows with what a reconcile costs, which would otherwise follow each end of
// very short work.
func turnOf(pods int) time.Duration {
	return min(batch, batch*time.Duration(pods)/(10*batchedAtWork))
}

type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// enqueueBatched enqueues a Job once for all events of a batch.
func enqueueBatched(job types.NamespacedName, q queue) { enqueueAfter(job, q, batch) }

// enqueueAfter enqueues a Job after a while, or earlier if another event asks for that.
func enqueueAfter(job types.NamespacedName, q queue, after time.Duration) {
	q.AddAfter(reconcile.Request{NamespacedName: job}, after)
}
