package job

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// latest holds what this process wrote last, by UID, until the cache has caught
// up with it: deciding on an older object would write what was written already,
// and run into a conflict. It is an optimisation only, and lost at a restart.
type latest[T client.Object] struct {
	mu      sync.Mutex
	objects map[types.UID]T
}

func newLatest[T client.Object]() *latest[T] {
	return &latest[T]{objects: map[types.UID]T{}}
}

// remember that obj was written.
func (l *latest[T]) remember(obj T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.objects[obj.GetUID()] = obj
}

// newer is what was written last of the object if the cached one is older than that.
func (l *latest[T]) newer(cached T) T {
	l.mu.Lock()
	defer l.mu.Unlock()
	written, ok := l.objects[cached.GetUID()]
	if !ok {
		return cached
	}
	order, err := resourceversion.CompareResourceVersion(cached.GetResourceVersion(), written.GetResourceVersion())
	if err != nil || order >= 0 {
		delete(l.objects, cached.GetUID())
		return cached
	}
	return written
}

// forget what was written of an object that is gone.
func (l *latest[T]) forget(uid types.UID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.objects, uid)
}
