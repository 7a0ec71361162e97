package main

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// clockTick is the resolution of the times in a run's file.
const clockTick = 10 * time.Millisecond

// limitFrom is how many nodes of a Job may work at once from a time on. 0 means all.
type limitFrom struct {
	from  time.Time
	limit int
}

// hostRecord checks the runs on the hosts against what the soak did.
type hostRecord struct {
	taken *takeaways
	// limits holds the limits of each Job, which only grow.
	limits map[string][]limitFrom
	// rebooted holds the pods whose sandbox was killed.
	rebooted map[string]bool
	// goneBy returns whether a pod was gone at a time. The DaemonSet controller creates a
	// second pod if the API server did not answer its first request.
	goneBy func(pod string, at time.Time) bool
	// sameDaemonSet returns whether two pods are of one DaemonSet. That the soak removed
	// the DaemonSet of others is another check.
	sameDaemonSet func(pod, other string) bool
}

// violations returns what must not be among the runs.
func (r *hostRecord) violations(runs []hostRun) []string {
	byJob := map[string][]hostRun{}
	for _, run := range runs {
		byJob[run.job] = append(byJob[run.job], run)
	}
	var all []string
	for job, runs := range byJob {
		slices.SortFunc(runs, func(a, b hostRun) int {
			return cmp.Or(a.begun.Compare(b.begun), cmp.Compare(a.pod, b.pod), cmp.Compare(a.number, b.number))
		})
		all = append(all, r.tooManyAtOnce(job, runs)...)
		all = append(all, r.doneTwice(runs)...)
	}
	slices.Sort(all)
	return all
}

// tooManyAtOnce returns where more runs of a Job were at work than it allows, or two on a
// node. Each run begins when others may be at work, so that these moments suffice. A run
// of a pod that was done before is the kubelet's after a reboot, and asks for no slot.
func (r *hostRecord) tooManyAtOnce(job string, runs []hostRun) []string {
	var all []string
	for _, run := range runs {
		limit := r.limitAt(job, run.begun)
		if limit == 0 || doneBefore(runs, run) {
			continue
		}
		atWork := 0
		for _, other := range runs {
			if other == run || other.begun.After(run.begun) || !other.last.After(run.begun.Add(clockTick)) || doneBefore(runs, other) {
				continue
			}
			atWork++
			if other.node == run.node {
				all = append(all, fmt.Sprintf("%s: pods %s and %s of Job %s worked on %s at once", when(run), other.pod, run.pod, job, run.node))
			}
		}
		if atWork+1 > limit {
			all = append(all, fmt.Sprintf("%s: %d nodes of Job %s worked at once, of %d that may", when(run), atWork+1, job, limit))
		}
	}
	return all
}

// limitAt returns the limit of the Job at a time.
func (r *hostRecord) limitAt(job string, at time.Time) int {
	limit := 0
	for _, l := range r.limits[job] {
		if !l.from.After(at) {
			limit = l.limit
		}
	}
	return limit
}

// doneTwice returns the runs of work that was done on the node before, which neither a
// reboot nor a pod that was taken away explains. runs are those of one Job, in order.
func (r *hostRecord) doneTwice(runs []hostRun) []string {
	var all []string
	for i, again := range runs {
		for _, done := range runs[:i] {
			if !done.done || done.node != again.node || done.hash != again.hash || done.last.After(again.begun) {
				continue
			}
			if r.mayRunAgain(done, again) || r.taken.excuse(again.job, again.node, done.last, again.begun) {
				continue
			}
			all = append(all, fmt.Sprintf("%s: Job %s ran in pod %s on %s, where pod %s had done the work of template %s",
				when(again), again.job, again.pod, again.node, done.pod, again.hash))
		}
	}
	return all
}

// mayRunAgain returns whether Kubernetes runs work again that was done.
func (r *hostRecord) mayRunAgain(done, again hostRun) bool {
	if done.pod == again.pod {
		return r.rebooted[again.pod]
	}
	return !r.goneBy(done.pod, again.begun) || !r.sameDaemonSet(done.pod, again.pod)
}

// doneBefore returns whether an earlier run of the same pod has done the work.
func doneBefore(runs []hostRun, run hostRun) bool {
	return slices.ContainsFunc(runs, func(other hostRun) bool { return other.pod == run.pod && other.number < run.number && other.done })
}

// undone returns the nodes, of those given, without a run that has done the work of the
// Job's template since the Job was created.
func undone(runs []hostRun, job *soakJob, nodes []string) []string {
	return slices.DeleteFunc(slices.Clone(nodes), func(node string) bool {
		return slices.ContainsFunc(runs, func(run hostRun) bool {
			return run.node == node && run.done && run.hash == job.last.TemplateHash && run.last.After(job.replacedAt)
		})
	})
}

// stillAtWork returns the runs that went on from one look to the next.
func stillAtWork(before, after []hostRun) []string {
	type key struct {
		pod    string
		number int
	}
	last := map[key]time.Time{}
	for _, run := range before {
		last[key{run.pod, run.number}] = run.last
	}
	var all []string
	for _, run := range after {
		if at, known := last[key{run.pod, run.number}]; !known || run.last.After(at) {
			all = append(all, fmt.Sprintf("pod %s of Job %s still works on %s", run.pod, run.job, run.node))
		}
	}
	return all
}

func when(run hostRun) string { return run.begun.UTC().Format(time.RFC3339Nano) }
