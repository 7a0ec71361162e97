package main

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// The contenders that are measured.
const (
	contenderBare      = "bare DaemonSet"
	contenderJob       = "daemonset-job"
	contenderBroadcast = "BroadcastJob"
)

// contender is what runs the work of a case.
type contender struct {
	name string
	// jobs is an empty list of its Jobs, by which they are watched.
	jobs client.ObjectList
	// job makes the Job of a workload, which goes with all that is its when it is complete.
	job func(w workload, namespace string) client.Object
	// start what looks after its Jobs, and return when that is ready.
	start func(context.Context) (runner, error)
}

// runner is what looks after the Jobs of a contender.
type runner interface {
	// usage of its processes: of one that has no terminator, the second is empty.
	usage() (manager, terminator usage, err error)
	stop()
}

// operatorContender is the operator that all this is about.
func (e *env) operatorContender() contender {
	return contender{
		name: contenderJob, jobs: &v1beta1.JobList{}, job: workload.job,
		start: func(ctx context.Context) (runner, error) { return e.startOperator(ctx) },
	}
}

// broadcastJobContender is OpenKruise's answer to the same need.
func (e *env) broadcastJobContender() contender {
	return contender{
		name: contenderBroadcast, jobs: broadcastJobs(), job: workload.broadcastJob,
		start: func(ctx context.Context) (runner, error) { return e.startKruise(ctx) },
	}
}
