package main

import "time"

// lastDone returns when the last node was done, as the Job's status counts it: when its
// pod was marked in Log mode, otherwise when its work ended.
func (p *progressWatcher) lastDone() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.lastMarked.IsZero() {
		return p.lastMarked
	}
	return p.lastWorked
}

// lastComplete returns when the last of the Jobs became complete.
func (p *progressWatcher) lastComplete() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	var last time.Time
	for _, at := range p.completedAt {
		if at.After(last) {
			last = at
		}
	}
	return last
}

// allComplete returns whether that many Jobs are complete.
func allComplete(jobs int) func(*progressWatcher) bool {
	return func(p *progressWatcher) bool { return len(p.completedAt) >= jobs }
}

// nothingLeft returns whether all Jobs and their pods are gone.
func nothingLeft(p *progressWatcher) bool {
	for _, there := range p.exists {
		if there {
			return false
		}
	}
	return len(p.pods) == 0
}
