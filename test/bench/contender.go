package main

import (
	"context"
	"fmt"
	"strconv"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// The names of the contenders, as they appear in the tables.
const (
	contenderBare      = "bare DaemonSet"
	contenderJob       = "daemonset-job"
	contenderBefore    = "daemonset-job before"
	contenderBroadcast = "BroadcastJob"
)

// contender is one way to run the work of a case.
type contender struct {
	name string
	// jobs is an empty list of the contender's kind of Job, for the watch.
	jobs client.ObjectList
	// job returns the Job of a workload. Its controller deletes it with its pods when
	// it is complete, or keeps it if the workload says so.
	job func(w workload, namespace string) client.Object
	// start starts the controller of the Jobs, and returns when it is ready.
	start func(context.Context) (runner, error)
}

// runner is the running controller of a contender's Jobs.
type runner interface {
	// usage returns the usage of its processes. terminator is empty if there is none.
	usage() (manager, terminator usage, err error)
	// rest waits until the processes have returned the memory that their start needed.
	rest(context.Context) error
	stop()
}

// contenders returns the contenders of a case, without the bare DaemonSet.
func (e *env) contenders(s scenario, opts settings) []contender {
	if s.onlyBare {
		return nil
	}
	shipped := e.operatorAsShipped()
	all := []contender{e.operatorContender(contenderJob, shipped)}
	if e.before.manager != "" {
		all = append(all, e.operatorContender(contenderBefore, operatorSetup{build: e.before}))
	}
	if s.readsLogs() {
		for _, n := range opts.streams {
			all = append(all, e.operatorContender(fmt.Sprintf("%s, %d streams", contenderJob, n), shipped.withTerminatorFlags("--max-log-streams="+strconv.Itoa(n))))
		}
	}
	if s.hasManyJobs() {
		for _, n := range opts.workers {
			all = append(all, e.operatorContender(fmt.Sprintf("%s, %d workers", contenderJob, n), shipped.withManagerFlags("--max-concurrent-reconciles="+strconv.Itoa(n))))
		}
	}
	if e.programs.kruise.manager != "" && !s.readsLogs() { // A BroadcastJob cannot wait for a word in a log.
		all = append(all, e.broadcastJobContender())
	}
	return all
}

// operatorContender returns this project's operator as a contender.
func (e *env) operatorContender(name string, setup operatorSetup) contender {
	return contender{
		name: name, jobs: &v1beta1.JobList{}, job: workload.job,
		start: func(ctx context.Context) (runner, error) { return e.startOperator(ctx, setup) },
	}
}

// broadcastJobContender returns OpenKruise's BroadcastJob as a contender.
func (e *env) broadcastJobContender() contender {
	return contender{
		name: contenderBroadcast, jobs: broadcastJobs(), job: workload.broadcastJob,
		start: func(ctx context.Context) (runner, error) { return e.startKruise(ctx) },
	}
}
