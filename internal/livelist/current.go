package livelist

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A cache receives what is listed a moment later, if the API server is busy.
const (
	receiveTries = 10
	receiveAfter = 10 * time.Millisecond
)

// Current returns the cached objects that are as they are listed, and those listed versions that the cache does not have, once
// it had a tenth of a second to receive them. compare asks the cache, as Compare does.
func Current[T metav1.Object](ctx context.Context, listed []Version, compare func([]Version) ([]T, []Version)) (current []T, stale []Version, err error) {
	current, stale = compare(listed)
	for try := 0; try < receiveTries && len(stale) > 0; try++ {
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-time.After(receiveAfter):
		}
		var received []T
		received, stale = compare(stale)
		current = append(current, received...)
	}
	return current, stale, nil
}
