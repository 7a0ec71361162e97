package job

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// latest holds what this process wrote last for each Job until the cache has caught
// up with it: deciding on an older object would write what was written already,
// and run into a conflict.
type latest[T client.Object] struct {
	mu sync.Mutex
	// job is the UID of the Job that an object is of.
	job     func(T) types.UID
	objects map[types.UID]T
}

func newLatest[T client.Object](job func(T) types.UID) *latest[T] {
	return &latest[T]{job: job, objects: map[types.UID]T{}}
}

// remember that obj was written.
func (l *latest[T]) remember(obj T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.objects[l.job(obj)] = obj
}

// newer is what was written last of the object if the cached one is older than that.
func (l *latest[T]) newer(cached T) T {
	l.mu.Lock()
	defer l.mu.Unlock()
	written, ok := l.objects[l.job(cached)]
	if !ok {
		return cached
	}
	order, err := resourceversion.CompareResourceVersion(cached.GetResourceVersion(), written.GetResourceVersion())
	if err != nil || order >= 0 {
		delete(l.objects, l.job(cached))
		return cached
	}
	return written
}

// forget what was written for a Job that is gone.
func (l *latest[T]) forget(job types.UID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.objects, job)
}
