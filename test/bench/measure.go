package main

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// limit is how long a case may take.
const caseTimeout = 15 * time.Minute

// result is one row of what was measured.
type result struct {
	Case      string `json:"case"`
	Title     string `json:"title"`
	Contender string `json:"subject"`
	Nodes     int    `json:"nodes"`
	Pods      int    `json:"pods"`
	// Wall is the time from the creation to the end, in seconds: all pods ready, or
	// all Jobs complete.
	Wall float64 `json:"wallSeconds"`
	// Reference is the time of the bare DaemonSet that this is to be compared with.
	Reference float64 `json:"referenceSeconds,omitempty"`
	// Latency is the time from the last node's being done to the last Job's, in
	// seconds, and FromWord that from the word in the last log.
	Latency  float64 `json:"latencySeconds,omitempty"`
	FromWord float64 `json:"fromWordSeconds,omitempty"`
	// MostWorking is how many nodes worked at once.
	MostWorking int `json:"mostWorking"`
	// Cluster is what its components needed of the processors until then, and Operator
	// what the contender's own processes did, in seconds.
	Cluster  cpuSeconds `json:"clusterCPUSeconds,omitempty"`
	Operator float64    `json:"operatorCPUSeconds,omitempty"`
	// Manager and Terminator are what each needed until nothing was left.
	Manager    usage               `json:"manager,omitzero"`
	Terminator usage               `json:"terminator,omitzero"`
	Requests   map[string]requests `json:"requests,omitempty"`
	Writes     int                 `json:"writes"`
	// IdlePerMinute is the number of requests a minute while nothing happened.
	IdlePerMinute *float64 `json:"idleRequestsPerMinute,omitempty"`
}

// settings are what a person asks for.
type settings struct {
	quiet time.Duration
	// rounds is how often each case is measured.
	rounds int
	// profiles is a folder, or empty.
	profiles string
}

// measureBare measures a DaemonSet alone: the operator does not even run.
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

// measureJobs measures the same with Jobs, and with what looks after them.
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
