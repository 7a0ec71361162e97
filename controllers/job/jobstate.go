package job

import (
	"maps"
	"slices"
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
	// lastDaemonSet is the UID of the DaemonSet that was observed last. It may be deleted.
	lastDaemonSet types.UID
	// desired is the DaemonSet that the Job asks for, computed for this generation
	// and hash, with gates or without. Computing it takes about a millisecond, and a Job
	// on many nodes is reconciled often.
	desired           *appsv1.DaemonSet
	desiredGeneration int64
	desiredGates      bool
	// applied is what the last apply of the DaemonSet made.
	applied appliedDaemonSet
	// ownership is which installation runs the Job.
	ownership ownership
	// nodes are those of the cluster as the DaemonSet places them.
	nodes placedNodes
	// staleNodes are those that the last live list showed otherwise than the cache.
	staleNodes plan.StaleNodes
	// lastStatusWrite is when the status was last written.
	lastStatusWrite time.Time
	expectations    plan.Expectations
	// records are what is recorded of the Job's nodes, and what is to be recorded.
	// recordDeletions is how many JobRecords had been deleted when they were observed last.
	records         plan.Records
	recordDeletions int
	// failure is how the last reconcile failed, and failingSince is when the first of
	// all that failed since did.
	failure      error
	failingSince time.Time
	// unscheduled counts for each node how often its pod gave its slot back, and
	// backoff says until when the node is not ungated again.
	unscheduled map[string]int
	backoff     map[string]time.Time
}

// appliedDaemonSet is a DaemonSet as the API server returned it to an apply.
type appliedDaemonSet struct {
	uid        types.UID
	generation int64
}

// wasApplied returns whether the spec of the DaemonSet is what the last apply of the desired
// one made. An admission webhook may change what is applied: it would do so again.
func (s *jobState) wasApplied(ds, desired *appsv1.DaemonSet) bool {
	return s.applied == appliedDaemonSet{uid: ds.UID, generation: ds.Generation} &&
		ds.Annotations[v1beta1.AnnotationAppliedHash] == desired.Annotations[v1beta1.AnnotationAppliedHash]
}

// desiredDaemonSet returns the DaemonSet that the Job asks for. It is shared:
// callers must not change it.
func (s *jobState) desiredDaemonSet(job *v1beta1.Job, hash string, options Options) (*appsv1.DaemonSet, error) {
	gates := daemonset.UsesGates(job)
	if s.desired == nil || s.desiredGeneration != job.Generation || s.desiredGates != gates || templateHash(s.desired) != hash {
		desired, err := daemonset.Desired(job, hash, options.Pause)
		if err != nil {
			return nil, err
		}
		if options.Installation != "" {
			desired.Annotations[v1beta1.AnnotationInstallation] = options.Installation
		}
		s.desired, s.desiredGeneration, s.desiredGates = desired, job.Generation, gates
	}
	return s.desired, nil
}

const (
	// firstBackoff is how long a node is not ungated again after its pod could not be
	// scheduled. It doubles each time, up to maxBackoff.
	firstBackoff = time.Minute
	maxBackoff   = 30 * time.Minute
)

// backOff lets a node wait, because its pod could not be scheduled.
func (s *jobState) backOff(node string, now time.Time) {
	if s.backoff == nil {
		s.unscheduled, s.backoff = map[string]int{}, map[string]time.Time{}
	}
	s.backoff[node] = now.Add(min(firstBackoff<<min(s.unscheduled[node], 10), maxBackoff))
	s.unscheduled[node]++
}

// newest returns what was last written of an object while the cached one is older,
// and forgets it once the cache shows it. A decision on the older one would repeat
// the write, or conflict with it.
func newest[T any, P interface {
	*T
	client.Object
}](written *P, cached P) P {
	if *written != nil {
		if isOlder(cached.GetResourceVersion(), (*written).GetResourceVersion()) {
			return *written
		}
		*written = nil
	}
	return cached
}

// isOlder returns whether a resourceVersion is older than the other one.
func isOlder(version, than string) bool {
	order, err := resourceversion.CompareResourceVersion(version, than)
	return err == nil && order < 0
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

// names returns the names of all Jobs that have a jobState.
func (s *jobStates) names() []types.NamespacedName {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.byName))
}

// forget drops the jobState of a Job that is deleted.
func (s *jobStates) forget(name types.NamespacedName) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byName, name)
}
