package main

import (
	"sync"
	"time"
)

// settlingTime is how long the cluster may need until the pods of an act are gone, and the
// watch until it shows that their work was done before. The API server may be away then.
const settlingTime = 30 * time.Second

// takeaway is that the soak took pods away, so that the work of their nodes may run once
// more.
type takeaway struct {
	// job and node say whose pods. An empty job means all Jobs.
	job, node string
	from, to  time.Time
}

// takeaways holds each takeaway of a soak.
type takeaways struct {
	mu  sync.Mutex
	all []*takeaway
}

// begin records a takeaway before the soak asks for it, since its request may have an
// effect although it fails. end records that the soak takes away nothing more by it.
func (t *takeaways) begin(job, node string) (end func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	taken := &takeaway{job: job, node: node, from: time.Now()}
	t.all = append(t.all, taken)
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		taken.to = time.Now().Add(settlingTime)
	}
}

// excuse returns whether a takeaway explains that work of the Job, which was done on the
// node at one time, runs there again at another.
func (t *takeaways) excuse(job, node string, done, again time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, taken := range t.all {
		if (taken.job == "" || taken.job == job) && taken.node == node &&
			!again.Before(taken.from) && (taken.to.IsZero() || !done.After(taken.to)) {
			return true
		}
	}
	return false
}
