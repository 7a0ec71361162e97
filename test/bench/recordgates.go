package main

// checkGates checks that the gate stays in the template once pods that are made again wait.
func (h *recordHistory) checkGates(ds *daemonSetHistory) {
	job := h.jobs[ds.job]
	if job == nil {
		return
	}
	for i := 1; i < len(ds.gates); i++ {
		before, now := &ds.gates[i-1], &ds.gates[i]
		if before.gated && !now.gated && before.hash == now.hash && job.latched[now.hash].surelyBefore(now.moment) {
			h.breaks("the DaemonSet of Job %s lost its gate, although pods that are made again wait", job.name)
		}
	}
}

// checkMade checks that no pod was made without a gate after its node was recorded as done,
// while the DaemonSet controller makes pods with it.
func (h *recordHistory) checkMade(pod *podHistory) {
	ds, job := h.jobOfPod(pod)
	if ds == nil || pod.ungated.happened() || !ds.makesGated(pod) {
		return
	}
	node, ok := h.machine(pod.node, pod.created, pod.created)
	if ok && h.entries[entryKey{ds.job, pod.hash, node}].surelyBefore(pod.created) {
		h.breaks("%s of Job %s was made without a gate on %s, which is recorded as done", pod.name, job.name, pod.node)
	}
}

// makesGated returns whether the DaemonSet controller surely made pods with the gate when it
// made this one.
func (d *daemonSetHistory) makesGated(pod *podHistory) bool {
	gated := false
	for i := range d.gates {
		if g := &d.gates[i]; g.surelyBefore(pod.created) {
			gated = g.gated && g.observed && g.hash == pod.hash
		} else if g.maybeBefore(pod.created) {
			return false
		}
	}
	return gated
}
