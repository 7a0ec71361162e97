package main

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

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
	if err := runner.rest(ctx); err != nil {
		return r, err
	}
	managerBefore, terminatorBefore, err := runner.usage()
	if err != nil {
		return r, err
	}
	from, err := e.audit.end()
	if err != nil {
		return r, err
	}
	if s.quiet {
		if err := e.newLog(s.namespace); err != nil {
			return r, err
		}
	}
	beside, err := e.startBackground(ctx, s, c.jobs, c.job)
	if err != nil {
		return r, err
	}
	e.profile(ctx, opts.profiles, &r)
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
		if began, err = e.measureQuietPeriod(ctx, s, opts.quiet, runner, progress, &r); err != nil {
			return r, err
		}
	}
	if err := progress.await(ctx, caseTimeout, "all Jobs are complete", allComplete(len(all))); err != nil {
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
	r.Before, r.Operator = managerBefore.memory, manager.since(managerBefore).CPU+terminator.since(terminatorBefore).CPU
	if s.quiet {
		progress.lastWorked = began // That is when all logs get their word.
	}
	complete := progress.lastComplete()
	r.Wall, r.Latency, r.MostWorking = complete.Sub(began).Seconds(), complete.Sub(progress.lastDone()).Seconds(), progress.mostWorking
	if !progress.lastMarked.IsZero() {
		r.FromWord = complete.Sub(progress.lastWorked).Seconds()
	}
	if r.Background, err = beside.await(ctx); err != nil {
		return r, err
	}
	if kept(all) {
		if err := e.deleteAll(ctx, objects); err != nil {
			return r, err
		}
	}
	if err := progress.await(ctx, caseTimeout, "all Jobs and their pods are gone", nothingLeft); err != nil {
		return r, err
	}
	if err := e.remove(ctx, beside); err != nil {
		return r, err
	}
	if r.Manager, r.Terminator, err = runner.usage(); err != nil {
		return r, err
	}
	r.Manager, r.Terminator = r.Manager.since(managerBefore), r.Terminator.since(terminatorBefore)
	return r, e.readAudit(&r, from)
}

// readAudit adds what the audit log has since an offset to the row.
func (e *env) readAudit(r *result, from int64) (err error) {
	if r.Requests, err = e.audit.since(from); err != nil {
		return err
	}
	r.Writes = writes(r.Requests)
	r.Streams, err = e.audit.streamsSince(from)
	return err
}
