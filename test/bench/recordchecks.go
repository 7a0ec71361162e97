package main

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

const (
	// liveReadTime is how long before its verdict the manager may have read the pods live.
	liveReadTime = time.Second
	// cacheDelay is how long the manager's cache may need to show that a pod is done, also
	// when the API server was away.
	cacheDelay = 10 * time.Second
)

// problems returns what the history proves to be wrong with the records. deleted holds the
// names of the pods that the manager deleted, and not another component.
func (h *recordHistory) problems(deleted map[string]bool) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.checkPages()
	h.checkRepeated()
	for _, pod := range h.pods {
		h.checkUngated(pod)
		h.checkMade(pod)
		if deleted[pod.name] {
			h.checkDeleted(pod)
		}
	}
	for _, ds := range h.daemonSets {
		h.checkGates(ds)
	}
	for uid, job := range h.jobs {
		for i := range job.verdicts {
			h.checkFailed(uid, &job.verdicts[i])
		}
	}
	slices.Sort(h.broken)
	return slices.Clone(h.broken)
}

// jobOfPod returns the DaemonSet of a pod with its Job, nil if the watches did not show both.
func (h *recordHistory) jobOfPod(pod *podHistory) (*daemonSetHistory, *jobHistory) {
	ds := h.daemonSets[pod.daemonSet]
	if ds == nil || h.jobs[ds.job] == nil {
		return nil, nil
	}
	return ds, h.jobs[ds.job]
}

// machine returns the node object that surely had the name from one moment to the other.
func (h *recordHistory) machine(name string, from, to moment) (types.UID, bool) {
	for uid, node := range h.nodes {
		if node.name == name && node.throughout(from, to) {
			return uid, true
		}
	}
	return "", false
}

// checkUngated checks that a pod was not ungated after its node was recorded as done.
func (h *recordHistory) checkUngated(pod *podHistory) {
	ds, job := h.jobOfPod(pod)
	if ds == nil || !pod.ungated.happened() {
		return
	}
	node, ok := h.machine(pod.node, pod.ungated, pod.ungated)
	if !ok {
		return
	}
	h.judged["ungated pods"]++
	if h.entries[entryKey{ds.job, pod.hash, node}].surelyBefore(pod.ungated) {
		h.breaks("%s of Job %s was ungated on %s, which is recorded as done", pod.name, job.name, pod.node)
	}
}

// checkDeleted checks that the manager did not delete a pod whose work is done before that was
// recorded.
//
// A pod of the present template is only deleted as the manager saw it, so that none is done
// in the meantime. Those of an earlier one are recorded when the template changes, as the
// cache shows them. A Complete Job needs no records.
func (h *recordHistory) checkDeleted(pod *podHistory) {
	ds, job := h.jobOfPod(pod)
	if ds == nil || !pod.finished.surelyBefore(pod.gone) || !ds.outlives(pod.gone) {
		return
	}
	if slices.ContainsFunc(job.verdicts, func(v verdict) bool { return v.maybeBefore(pod.gone) }) {
		return
	}
	node, ok := h.machine(pod.node, pod.bound, pod.gone)
	if !ok {
		return
	}
	h.judged["done pods deleted"]++
	if h.entries[entryKey{ds.job, pod.hash, node}].maybeBefore(pod.gone) {
		return
	}
	if next := ds.templateAfter(pod.hash); next != nil && next.maybeBefore(pod.gone) && pod.finishedSeen.Add(cacheDelay).After(next.applied) {
		return
	}
	h.breaks("%s of Job %s was done on %s, and deleted before that was recorded", pod.name, job.name, pod.node)
}

// templateAfter returns the template that followed the one with a hash.
func (d *daemonSetHistory) templateAfter(hash string) *template {
	i := slices.IndexFunc(d.templates, func(t template) bool { return t.hash == hash })
	if i < 0 || i+1 >= len(d.templates) {
		return nil
	}
	return &d.templates[i+1]
}

// checkFailed checks that all nodes that were done when a Job failed were recorded by then: its
// pods go with the verdict.
func (h *recordHistory) checkFailed(uid types.UID, v *verdict) {
	if v.is != v1beta1.JobFailed {
		return
	}
	for _, pod := range h.pods {
		ds, job := h.jobOfPod(pod)
		if ds == nil || ds.job != uid || pod.hash != v.hash || !pod.finished.surelyBefore(v.moment) || !pod.outlives(v.moment) || !ds.outlives(v.moment) {
			continue
		}
		node, ok := h.machine(pod.node, pod.bound, v.moment)
		if !ok || pod.finishedSeen.Add(liveReadTime).After(v.decided) {
			continue
		}
		h.judged["nodes done before a failure"]++
		if !h.entries[entryKey{uid, v.hash, node}].maybeBefore(v.moment) {
			h.breaks("%s was done when Job %s failed, and not recorded", pod.node, job.name)
		}
	}
}

// uncovered returns which nodes of a Complete Job are not recorded as done, of those that must
// be, and how many are missing of those that its status counts.
func (h *recordHistory) uncovered(job types.UID, status *v1beta1.JobStatus, nodes []string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	recorded, count := map[string]bool{}, 0
	for key, entry := range h.entries {
		if key.job == job && key.hash == status.TemplateHash {
			recorded[entry.node] = true
			count++
		}
	}
	missing := slices.DeleteFunc(slices.Clone(nodes), func(node string) bool { return recorded[node] })
	if n := int(status.Succeeded) - count; n > 0 {
		missing = append(missing, fmt.Sprintf("%d of %d", n, status.Succeeded))
	}
	return missing
}
