package job

import (
	"context"
	"maps"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// recordIndex holds which versions of a Job's JobRecords the informer cache has observed, and
// which ones the manager wrote. The manager alone writes them: the index tells when another
// writer changed or deleted one.
type recordIndex struct {
	mu   sync.Mutex
	jobs map[recordedJob]*observedRecords
}

// recordedJob is a Job that has JobRecords. Records can outlive their Job.
type recordedJob struct {
	name types.NamespacedName
	uid  types.UID
}

// observedRecords are the JobRecords of a Job in the informer cache.
type observedRecords struct {
	// versions are resourceVersions, by name.
	versions map[string]string
	// written are resourceVersions that the manager wrote last, by name.
	written map[string]string
	// deletions counts those that were deleted.
	deletions int
}

func newRecordIndex() *recordIndex { return &recordIndex{jobs: map[recordedJob]*observedRecords{}} }

// handler updates the index, and enqueues the Job of a JobRecord that another writer changed.
// After its own writes the manager has nothing to learn.
func (i *recordIndex) handler() handler.EventHandler {
	see := func(o client.Object, q queue) {
		if own := i.observe(o); !own {
			enqueueOwner(o, q)
		}
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q queue) { see(e.Object, q) },
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q queue) { see(e.ObjectNew, q) },
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, q queue) {
			i.remove(e.Object)
			enqueueOwner(e.Object, q)
		},
	}
}

func enqueueOwner(o client.Object, q queue) {
	if job, ok := jobOfLabels(o); ok {
		enqueueBatched(job, q)
	}
}

func jobUIDOf(o client.Object) types.UID { return types.UID(o.GetLabels()[v1beta1.LabelJobUID]) }

func recordedJobOf(o client.Object) recordedJob {
	name, _ := jobOfLabels(o)
	return recordedJob{name, jobUIDOf(o)}
}

// of returns what is known of the JobRecords of a Job. Its caller holds the lock.
func (i *recordIndex) of(job recordedJob) *observedRecords {
	observed := i.jobs[job]
	if observed == nil {
		observed = &observedRecords{versions: map[string]string{}, written: map[string]string{}}
		i.jobs[job] = observed
	}
	return observed
}

// observe stores the version of a JobRecord, and returns whether the manager wrote it.
func (i *recordIndex) observe(o client.Object) (own bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	observed := i.of(recordedJobOf(o))
	observed.versions[o.GetName()] = o.GetResourceVersion()
	return observed.written[o.GetName()] == o.GetResourceVersion()
}

// wrote stores which version of a JobRecord the manager wrote.
func (i *recordIndex) wrote(o client.Object) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.of(recordedJobOf(o)).written[o.GetName()] = o.GetResourceVersion()
}

func (i *recordIndex) remove(o client.Object) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if observed := i.jobs[recordedJobOf(o)]; observed != nil {
		delete(observed.versions, o.GetName())
		delete(observed.written, o.GetName())
		observed.deletions++
	}
}

// forget drops what is known of a Job that is deleted, and of those before it of its name.
func (i *recordIndex) forget(job types.NamespacedName) {
	i.mu.Lock()
	defer i.mu.Unlock()
	maps.DeleteFunc(i.jobs, func(of recordedJob, _ *observedRecords) bool { return of.name == job })
}

// changed returns whether another writer changed the JobRecords of a Job, and how many were
// deleted. known are those that the manager knows, and deletions is what it returned before.
func (i *recordIndex) changed(job *v1beta1.Job, known []*v1beta1.JobRecord, deletions int) (bool, int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	observed := i.jobs[recordedJob{client.ObjectKeyFromObject(job), job.UID}]
	if observed == nil {
		return false, deletions
	}
	if observed.deletions != deletions {
		return true, observed.deletions
	}
	versions := make(map[string]string, len(known))
	for _, page := range known {
		versions[page.Name] = page.ResourceVersion
	}
	for name, version := range observed.versions {
		if mine, ok := versions[name]; !ok || isOlder(mine, version) {
			return true, deletions
		}
	}
	return false, deletions
}
