package fleet

import (
	"context"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// Follower follows a Job by watches, until its context is done or the Job is deleted. It lists
// once, and again only where the API server forgot what a watch had seen.
type Follower struct {
	uid     types.UID
	changed chan struct{}
	notes   chan string
	stores  []cache.Store
	link    link
	done    sync.WaitGroup

	mu      sync.Mutex
	job     *v1beta1.Job
	deleted bool
	// unseen says that the deletion was not seen, only that the Job is gone.
	unseen   bool
	denied   map[string]bool
	stopping []context.CancelFunc
}

// Follow follows a Job, and with alone nothing else. It returns once all is read.
func (c *Client) Follow(ctx context.Context, job *v1beta1.Job, alone bool) (*Follower, error) {
	f := &Follower{uid: job.UID, job: job, changed: make(chan struct{}, 1), notes: make(chan string, 8), denied: map[string]bool{}}
	f.link.say = f.note
	for _, source := range c.sources(job, alone) {
		if err := f.start(ctx, source); err != nil {
			return nil, err
		}
	}
	if f.Snapshot().denied[kindJob] {
		f.Stop()
		return nil, fmt.Errorf("you may not watch %s in namespace %q: ask an administrator for the ClusterRole view there", kindJob, job.Namespace)
	}
	return f, ctx.Err()
}

// start follows one kind, and waits until it is read or the user may not read it.
func (f *Follower) start(parent context.Context, source source) error {
	ctx, cancel := context.WithCancel(parent)
	informer := cache.NewSharedIndexInformerWithOptions(f.link.listWatch(&source), source.object, cache.SharedIndexInformerOptions{})
	if err := informer.SetTransform(strip); err != nil {
		cancel()
		return err
	}
	err := informer.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *cache.Reflector, err error) {
		if isDenied(err) {
			f.mu.Lock()
			f.denied[source.kind] = true
			f.mu.Unlock()
			cancel()
		}
	})
	if err != nil {
		cancel()
		return err
	}
	handler := cache.ResourceEventHandlerFuncs{
		AddFunc:    func(o any) { f.observe(o, false) },
		UpdateFunc: func(_, o any) { f.observe(o, false) },
		DeleteFunc: func(o any) { f.observe(o, true) },
	}
	registration, err := informer.AddEventHandler(handler)
	if err != nil {
		cancel()
		return err
	}
	f.mu.Lock()
	f.stores, f.stopping = append(f.stores, informer.GetStore()), append(f.stopping, cancel)
	f.mu.Unlock()
	f.done.Go(func() { informer.RunWithContext(ctx) })
	cache.WaitForCacheSync(ctx.Done(), registration.HasSynced)
	return nil
}

// observe takes what the informers saw of the Job. Of another kind it only says that something
// changed. A Job of the same name with another UID is another one: ours is gone. While the API
// server could not be reached, a Job may have changed before it was deleted.
func (f *Follower) observe(object any, deleted bool) {
	unknown, unseen := object.(cache.DeletedFinalStateUnknown)
	if unseen {
		object = unknown.Obj
	}
	if job, ok := object.(*v1beta1.Job); ok {
		f.mu.Lock()
		switch {
		case job.UID != f.uid:
			f.deleted, f.unseen = true, f.unseen || !f.deleted
		case !f.deleted:
			f.job, f.deleted, f.unseen = job, deleted, unseen
		}
		f.mu.Unlock()
	}
	select {
	case f.changed <- struct{}{}:
	default:
	}
}

// Changed receives when something may have changed since the last Snapshot.
func (f *Follower) Changed() <-chan struct{} { return f.changed }

// Notes receives sentences about the connection to the API server.
func (f *Follower) Notes() <-chan string { return f.notes }

func (f *Follower) note(text string) {
	select {
	case f.notes <- text:
	default: // The one that is waiting says as much.
	}
}

// Snapshot returns the latest state.
func (f *Follower) Snapshot() *Snapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := &Snapshot{Job: f.job, Deleted: f.deleted, Unseen: f.unseen, denied: map[string]bool{}}
	for kind := range f.denied {
		s.denied[kind] = true
	}
	for _, store := range f.stores {
		for _, object := range store.List() {
			s.add(object)
		}
	}
	return s
}

// Stop ends all watches, and returns when they have ended.
func (f *Follower) Stop() {
	f.mu.Lock()
	for _, cancel := range f.stopping {
		cancel()
	}
	f.mu.Unlock()
	f.done.Wait()
}

// strip drops what is large and not read.
func strip(object any) (any, error) {
	if accessor, err := meta.Accessor(object); err == nil {
		accessor.SetManagedFields(nil)
	}
	if node, ok := object.(*corev1.Node); ok {
		node.Status.Images = nil
	}
	return object, nil
}
