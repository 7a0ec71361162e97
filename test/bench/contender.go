package main

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// The names of the contenders, as they appear in the tables.
const (
	contenderBare      = "bare DaemonSet"
	contenderJob       = "daemonset-job"
	contenderBroadcast = "BroadcastJob"
)

// contender is one way to run the work of a case.
type contender struct {
	name string
	// jobs is an empty list of the contender's kind of Job, for the watch.
	jobs client.ObjectList
	// job returns the Job of a workload. Its controller deletes it with its pods when
	// it is complete.
	job func(w workload, namespace string) client.Object
	// start starts the controller of the Jobs, and returns when it is ready.
	start func(context.Context) (runner, error)
}

// runner is the running controller of a contender's Jobs.
type runner interface {
	// usage returns the usage of its processes. terminator is empty if there is none.
	usage() (manager, terminator usage, err error)
	stop()
}

// operatorContender returns this project's operator as a contender.
func (e *env) operatorContender() contender {
	return contender{
		name: contenderJob, jobs: &v1beta1.JobList{}, job: workload.job,
		start: func(ctx context.Context) (runner, error) { return e.startOperator(ctx) },
	}
}

// broadcastJobContender returns OpenKruise's BroadcastJob as a contender.
func (e *env) broadcastJobContender() contender {
	return contender{
		name: contenderBroadcast, jobs: broadcastJobs(), job: workload.broadcastJob,
		start: func(ctx context.Context) (runner, error) { return e.startKruise(ctx) },
	}
}
