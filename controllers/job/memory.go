package job

import (
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// memory is what this process remembers of Jobs from one look at them to the next,
// by UID. It is a guard against a cache that is behind, or saves work, and is lost
// at a restart.
type memory struct {
	jobs       *latest[*v1beta1.Job]
	daemonSets *latest[*appsv1.DaemonSet]
	gates      *expectations
	written    *times
	drafts     *drafts

	mu   sync.Mutex
	uids map[types.NamespacedName]types.UID
}

func newMemory(pauseImage string) *memory {
	return &memory{
		jobs: newLatest(func(job *v1beta1.Job) types.UID { return job.UID }), daemonSets: newLatest(controllerOf),
		gates: newExpectations(), written: newTimes(), drafts: newDrafts(pauseImage), uids: map[types.NamespacedName]types.UID{},
	}
}

// controllerOf is the UID of the Job whose DaemonSet this is.
func controllerOf(ds *appsv1.DaemonSet) types.UID {
	if owner := metav1.GetControllerOf(ds); owner != nil {
		return owner.UID
	}
	return ""
}

// see which Job has the name, an empty UID for none, and forget the one that had it
// before: a Job without finalizers goes without ever being seen on its way.
func (m *memory) see(name types.NamespacedName, uid types.UID) {
	m.mu.Lock()
	before := m.uids[name]
	if uid == "" {
		delete(m.uids, name)
	} else {
		m.uids[name] = uid
	}
	m.mu.Unlock()
	if before != "" && before != uid {
		m.jobs.forget(before)
		m.daemonSets.forget(before)
		m.gates.forget(before)
		m.written.forget(before)
		m.drafts.forget(before)
	}
}
