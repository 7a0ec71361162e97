package job

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// ledger remembers, for each Job, the gates that this process opened and the
// cache does not show open yet. Without it, a stale cache would hide that a node
// started, and its slot would be given away twice.
//
// A Job is trusted once its pods were read live: at a start of this process, when
// an earlier one may have opened gates, and after a write whose fate is unknown.
type ledger struct {
	mu   sync.Mutex
	jobs map[types.UID]map[types.UID]struct{}
}

func newLedger() *ledger {
	return &ledger{jobs: map[types.UID]map[types.UID]struct{}{}}
}

// trusted says whether the cache and the ledger together tell which gates are open.
func (l *ledger) trusted(job types.UID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, ok := l.jobs[job]
	return ok
}

// trust starts the Job's account anew, after its pods were read live.
func (l *ledger) trust(job types.UID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.jobs[job] = map[types.UID]struct{}{}
}

// forget the Job's account: it is gone, or can no longer be trusted.
func (l *ledger) forget(job types.UID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.jobs, job)
}

// open records that the gate of a pod was opened.
func (l *ledger) open(job, pod types.UID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if opened, ok := l.jobs[job]; ok {
		opened[pod] = struct{}{}
	}
}

// correct marks the nodes whose gates were opened as working, and drops what the
// cache shows by now.
func (l *ledger) correct(job types.UID, nodes []node) {
	l.mu.Lock()
	defer l.mu.Unlock()
	opened := l.jobs[job]
	if len(opened) == 0 {
		return
	}
	stale := map[types.UID]struct{}{}
	for i := range nodes {
		if _, ok := opened[nodes[i].uid]; ok && nodes[i].state == held {
			stale[nodes[i].uid] = struct{}{}
			nodes[i].state = working
		}
	}
	for uid := range opened {
		if _, ok := stale[uid]; !ok {
			delete(opened, uid)
		}
	}
}
