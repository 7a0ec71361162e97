package main

import (
	"context"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// caseTimeout is how long each step of a case may take.
const caseTimeout = 30 * time.Minute

// settings holds the flags of a measurement.
type settings struct {
	quiet time.Duration
	// rounds is how many times each case is measured.
	rounds int
	// streams and workers are the limits of log streams, and of Jobs that are reconciled
	// at once, to measure beside the defaults.
	streams, workers []int
	// profiles is the folder to write profiles to. Empty means no profiles.
	profiles string
}

// measureBare measures a DaemonSet while the operator is stopped.
func (e *env) measureBare(ctx context.Context, s scenario, opts settings) (result, error) {
	all := s.workloads(e.nodes)
	r := result{Case: s.name, Title: s.title, Contender: contenderBare, Nodes: e.nodes, Pods: podCount(all)}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	template, err := e.template(ctx, all[0], s.namespace)
	if err != nil {
		return r, err
	}
	create := func(w workload, namespace string) client.Object { return w.bare(namespace, template, s.marks) }
	progress, err := watchProgress(ctx, e.client, s.namespace, &v1beta1.JobList{})
	if err != nil {
		return r, err
	}
	var objects []client.Object
	for _, w := range all {
		objects = append(objects, create(w, s.namespace))
	}
	beside, err := e.startBackground(ctx, s, &v1beta1.JobList{}, create)
	if err != nil {
		return r, err
	}
	e.profile(ctx, opts.profiles, &r)
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
	if r.Background, err = beside.await(ctx); err != nil {
		return r, err
	}
	if err := e.deleteAll(ctx, objects); err != nil {
		return r, err
	}
	if err := progress.await(ctx, caseTimeout, "all pods are gone", nothingLeft); err != nil {
		return r, err
	}
	return r, e.remove(ctx, beside)
}
