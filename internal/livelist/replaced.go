package livelist

import (
	"slices"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Replaced keeps the objects that a cache drops, for a later version or for a deletion, while lists are open.
// A list says what there was when it began. What changes before it ends is in the cache in a later version by
// then, and on a busy cluster that is much. The zero value is ready.
type Replaced[T metav1.Object] struct {
	mu sync.Mutex
	// objects are the last ones that were dropped, and dropped is how many there were in all.
	objects []T
	dropped int
	// open holds for each open list what dropped was when it began.
	open []int
}

// Begin opens a list, before its first request. end closes it.
func (r *Replaced[T]) Begin() (end func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	began := r.dropped
	r.open = append(r.open, began)
	return sync.OnceFunc(func() { r.end(began) })
}

// end closes a list that began when so many objects were dropped. It forgets what no open list can ask
// for: lists that always overlap keep only what changed since the oldest open one began.
func (r *Replaced[T]) end(began int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := slices.Index(r.open, began)
	r.open = slices.Delete(r.open, k, k+1)
	kept := 0
	if len(r.open) > 0 {
		kept = r.dropped - slices.Min(r.open)
	}
	r.objects = slices.Clone(r.objects[len(r.objects)-kept:])
}

// Add keeps an object that the cache drops, if a list is open. The lock of the cache is held, as in
// Compare: an object could else be seen in neither.
func (r *Replaced[T]) Add(object T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.open) > 0 {
		r.objects = append(r.objects, object)
		r.dropped++
	}
}

// find returns what is kept of these versions, and the other versions.
func (r *Replaced[T]) find(versions []Version) (found []T, others []Version) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.objects) == 0 {
		return nil, versions
	}
	wanted := make(map[Version]bool, len(versions))
	for _, v := range versions {
		wanted[v] = true
	}
	for _, object := range r.objects {
		if v := versionOf(object); wanted[v] {
			delete(wanted, v)
			found = append(found, object)
		}
	}
	return found, slices.DeleteFunc(versions, func(v Version) bool { return !wanted[v] })
}
