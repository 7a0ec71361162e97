package job

import (
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// jobState is what this process knows of one Job beyond the informer cache. It
// guards against a stale cache, or saves work, and is lost at a restart. It has no
// lock: the work queue never runs two reconciles of one Job at once.
type jobState struct {
	uid types.UID
	// job and daemonSet as last written, nil once the cache shows them.
	job       *v1beta1.Job
	daemonSet *appsv1.DaemonSet
	// desired is the DaemonSet that this generation of the Job asks for. Computing
	// it takes about a millisecond, and a Job on many nodes is reconciled often.
	desired           *appsv1.DaemonSet
	desiredGeneration int64
	// lastStatusWrite is when the status was last written.
	lastStatusWrite time.Time
	expectations    plan.Expectations
}

// desiredDaemonSet returns the DaemonSet that the Job asks for. It is shared:
// callers must not change it.
func (s *jobState) desiredDaemonSet(job *v1beta1.Job, pauseImage string) (*appsv1.DaemonSet, error) {
	if s.desired == nil || s.desiredGeneration != job.Generation {
		desired, err := daemonset.Desired(job, pauseImage)
		if err != nil {
			return nil, err
		}
		s.desired, s.desiredGeneration = desired, job.Generation
	}
	return s.desired, nil
}

// templateHash returns the hash of what the Job runs. A verdict is for the
// template in the status.
func (s *jobState) templateHash(job *v1beta1.Job) string {
	if job.Finished() != nil {
		return job.Status.TemplateHash
	}
	return s.desired.Spec.Template.Labels[v1beta1.LabelTemplateHash]
}

// newest returns what was last written of an object while the cached one is older,
// and forgets it once the cache shows it. A decision on the older one would repeat
// the write, or conflict with it.
func newest[T any, P interface {
	*T
	client.Object
}](written *P, cached P) P {
	if *written != nil {
		order, err := resourceversion.CompareResourceVersion(cached.GetResourceVersion(), (*written).GetResourceVersion())
		if err == nil && order < 0 {
			return *written
		}
		*written = nil
	}
	return cached
}

// jobStates holds the jobState of each Job, by name.
type jobStates struct {
	mu     sync.Mutex
	byName map[types.NamespacedName]*jobState
}

func newJobStates() *jobStates {
	return &jobStates{byName: map[types.NamespacedName]*jobState{}}
}

// of returns the jobState of the Job with this name and UID. A Job that was made
// again under the name has another UID, and starts with an empty jobState.
func (s *jobStates) of(name types.NamespacedName, uid types.UID) *jobState {
	s.mu.Lock()
	defer s.mu.Unlock()
	state := s.byName[name]
	if state == nil || state.uid != uid {
		state = &jobState{uid: uid}
		s.byName[name] = state
	}
	return state
}

// forget drops the jobState of a Job that is deleted.
func (s *jobStates) forget(name types.NamespacedName) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byName, name)
}
