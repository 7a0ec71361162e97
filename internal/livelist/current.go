package livelist

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A cache receives what is listed a moment later, if the API server is busy.
const (
	receiveAfter = 10 * time.Millisecond
	// idleTries is how often in a row a cache receives nothing of what it lacks until it is not waited for any
	// more, and receiveTries how often it is asked at most.
	idleTries, receiveTries = 10, 100
)

// Current returns the cached objects that are as they are listed, and those listed versions that the cache neither has nor had.
// It waits for a tenth of a second for what the cache lacks, and up to a second while some of it arrives. compare asks the cache,
// as Compare does.
func Current[T metav1.Object](ctx context.Context, listed []Version, compare func([]Version) ([]T, []Version)) (current []T, stale []Version, err error) {
	current, stale = compare(listed)
	for try, idle := 0, 0; len(stale) > 0 && idle < idleTries && try < receiveTries; try++ {
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-time.After(receiveAfter):
		}
		var received []T
		received, stale = compare(stale)
		if idle++; len(received) > 0 {
			idle = 0
		}
		current = append(current, received...)
	}
	return current, stale, nil
}
