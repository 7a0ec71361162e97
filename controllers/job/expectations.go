package job

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
)

// ledger remembers, for each Job, the gates that this process opened and the
// cache does not show open yet. Without it, a stale cache would hide that a node
// started, and its slot would be given away twice.
//
// A Job is trusted once the cache has shown all that a live read did. Until then
// its pods are read live: at a start of this process, when an earlier one may
// have opened gates, and after a write whose fate is unknown.
type expectations struct {
	mu   sync.Mutex
	jobs map[types.UID]map[types.UID]struct{}
}

func newExpectations() *expectations {
	return &expectations{jobs: map[types.UID]map[types.UID]struct{}{}}
}

// trusted says whether the cache and the ledger together tell which gates are open.
func (l *expectations) trusted(job types.UID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, ok := l.jobs[job]
	return ok
}

// compare starts the Job's account if the cache is as new as the live read: each
// pod of the latter stands in it, in that version or a later one. What else is in
// the cache is gone, which costs nobody a slot.
func (l *expectations) compare(job types.UID, cached, live []observedPod) {
	versions := make(map[types.UID]string, len(cached))
	for i := range cached {
		versions[cached[i].uid] = cached[i].version
	}
	for i := range live {
		version, ok := versions[live[i].uid]
		if !ok {
			return
		}
		if order, err := resourceversion.CompareResourceVersion(version, live[i].version); err != nil || order < 0 {
			return
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.jobs[job] = map[types.UID]struct{}{}
}

// forget the Job's account: it is gone, or can no longer be trusted.
func (l *expectations) forget(job types.UID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.jobs, job)
}

// open records that the gate of a pod was opened.
func (l *expectations) open(job, pod types.UID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if opened, ok := l.jobs[job]; ok {
		opened[pod] = struct{}{}
	}
}

// correct marks the nodes whose gates were opened as working, and drops what the
// cache shows by now.
func (l *expectations) correct(job types.UID, nodes []observedPod) {
	l.mu.Lock()
	defer l.mu.Unlock()
	opened := l.jobs[job]
	if len(opened) == 0 {
		return
	}
	stale := map[types.UID]struct{}{}
	for i := range nodes {
		if _, ok := opened[nodes[i].uid]; ok && nodes[i].state == gated {
			stale[nodes[i].uid] = struct{}{}
			nodes[i].state = active
		}
	}
	for uid := range opened {
		if _, ok := stale[uid]; !ok {
			delete(opened, uid)
		}
	}
}
