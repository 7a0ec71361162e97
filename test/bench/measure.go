package main

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// caseTimeout is how long a case may take.
const caseTimeout = 15 * time.Minute

// result is one row of the results.
type result struct {
	Case  string `json:"case"`
	Title string `json:"title"`
	// Contender's JSON name is that of its column in docs/performance.md.
	Contender string `json:"subject"`
	Nodes     int    `json:"nodes"`
	Pods      int    `json:"pods"`
	// Wall is the time in seconds from the creation until all pods are ready (bare
	// DaemonSet) or all Jobs are complete.
	Wall float64 `json:"wallSeconds"`
	// Reference is the wall time of the bare DaemonSet to compare this row with.
	Reference float64 `json:"referenceSeconds,omitempty"`
	// Latency is the time in seconds from when the last node was done until the last
	// Job was complete. FromWord starts at the word in the last log instead.
	Latency  float64 `json:"latencySeconds,omitempty"`
	FromWord float64 `json:"fromWordSeconds,omitempty"`
	// MostWorking is the highest number of nodes that worked at once.
	MostWorking int `json:"mostWorking"`
	// Cluster is the processor time of the cluster's components until the end of the
	// wall time, and Operator that of the contender's own processes, in seconds.
	Cluster  cpuSeconds `json:"clusterCPUSeconds,omitempty"`
	Operator float64    `json:"operatorCPUSeconds,omitempty"`
	// Manager and Terminator are their usage until the last Job and pod are gone.
	Manager    usage               `json:"manager,omitzero"`
	Terminator usage               `json:"terminator,omitzero"`
	Requests   map[string]requests `json:"requests,omitempty"`
	Writes     int                 `json:"writes"`
	// IdlePerMinute is the number of requests per minute during the quiet period.
	IdlePerMinute *float64 `json:"idleRequestsPerMinute,omitempty"`
}

// settings holds the flags of a measurement.
type settings struct {
	quiet time.Duration
	// rounds is how many times each case is measured.
	rounds int
	// profiles is the folder to write profiles to. Empty means no profiles.
	profiles string
}

// measureBare measures a DaemonSet while the operator is stopped.
func (e *env) measureBare(ctx context.Context, s scenario) (result, error) {
	all := s.workloads(e.nodes)
	r := result{Case: s.name, Title: s.title, Contender: contenderBare, Nodes: e.nodes, Pods: podCount(all)}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	template, err := e.template(ctx, all[0], s.namespace)
	if err != nil {
		return r, err
	}
	progress, err := watchProgress(ctx, e.client, s.namespace, &v1beta1.JobList{})
	if err != nil {
		return r, err
	}
	var objects []client.Object
	for _, w := range all {
		objects = append(objects, w.bare(s.namespace, template, s.marks))
	}
	before, err := e.clusterCPU()
	if err != nil {
		return r, err
	}
	began, err := e.create(ctx, objects)
	if err != nil {
		return r, err
	}
	if err := progress.await(ctx, caseTimeout, "all pods are ready", func(p *progressWatcher) bool { return p.done >= r.Pods && (!s.marks || p.marked >= r.Pods) }); err != nil {
		return r, err
	}
	after, err := e.clusterCPU()
	if err != nil {
		return r, err
	}
	r.Cluster = after.since(before)
	r.Wall, r.MostWorking = progress.lastDone().Sub(began).Seconds(), progress.mostWorking
	for _, object := range objects {
		if err := e.client.Delete(ctx, object, client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
			return r, err
		}
	}
	return r, progress.await(ctx, caseTimeout, "all pods are gone", func(p *progressWatcher) bool { return len(p.pods) == 0 })
}

// measureJobs measures the same work with a contender's Jobs and controller.
func (e *env) measureJobs(ctx context.Context, s scenario, c contender, opts settings) (result, error) {
	all := s.workloads(e.nodes)
	r := result{Case: s.name, Title: s.title, Contender: c.name, Nodes: e.nodes, Pods: podCount(all)}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	progress, err := watchProgress(ctx, e.client, s.namespace, c.jobs)
	if err != nil {
		return r, err
	}
	runner, err := c.start(ctx)
	if err != nil {
		return r, err
	}
	defer runner.stop()
	managerBefore, terminatorBefore, err := runner.usage()
	if err != nil {
		return r, err
	}
	from, err := e.audit.end()
	if err != nil {
		return r, err
	}
	if c.name == contenderJob {
		e.profile(ctx, opts.profiles, &r)
	}
	if s.quiet {
		if err := e.newLog(s.namespace); err != nil {
			return r, err
		}
	}
	var objects []client.Object
	for _, w := range all {
		objects = append(objects, c.job(w, s.namespace))
	}
	before, err := e.clusterCPU()
	if err != nil {
		return r, err
	}
	began, err := e.create(ctx, objects)
	if err != nil {
		return r, err
	}
	if s.quiet {
		if began, err = e.measureQuietPeriod(ctx, s, opts.quiet, progress, &r); err != nil {
			return r, err
		}
	}
	if err := progress.await(ctx, caseTimeout, "all Jobs are complete", func(p *progressWatcher) bool { return len(p.completedAt) >= len(all) }); err != nil {
		return r, err
	}
	after, err := e.clusterCPU()
	if err != nil {
		return r, err
	}
	r.Cluster = after.since(before)
	manager, terminator, err := runner.usage()
	if err != nil {
		return r, err
	}
	r.Operator = manager.since(managerBefore).CPU + terminator.since(terminatorBefore).CPU
	if s.quiet {
		progress.lastWorked = began // That is when all logs get their word.
	}
	complete := progress.lastComplete()
	r.Wall, r.Latency, r.MostWorking = complete.Sub(began).Seconds(), complete.Sub(progress.lastDone()).Seconds(), progress.mostWorking
	if !progress.lastMarked.IsZero() {
		r.FromWord = complete.Sub(progress.lastWorked).Seconds()
	}
	err = progress.await(ctx, caseTimeout, "all Jobs and their pods are gone", func(p *progressWatcher) bool {
		for _, there := range p.exists {
			if there {
				return false
			}
		}
		return len(p.pods) == 0
	})
	if err != nil {
		return r, err
	}
	if r.Manager, r.Terminator, err = runner.usage(); err != nil {
		return r, err
	}
	r.Manager, r.Terminator = r.Manager.since(managerBefore), r.Terminator.since(terminatorBefore)
	if r.Requests, err = e.audit.since(from); err != nil {
		return r, err
	}
	r.Writes = writes(r.Requests)
	return r, nil
}
