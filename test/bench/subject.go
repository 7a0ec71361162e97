package main

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// The subjects that are measured.
const (
	subjectBare      = "bare DaemonSet"
	subjectJob       = "daemonset-job"
	subjectBroadcast = "BroadcastJob"
)

// subject is what runs the work of a case.
type subject struct {
	name string
	// jobs is an empty list of its Jobs, by which they are watched.
	jobs client.ObjectList
	// job makes the Job of a workload, which goes with all that is its when it is complete.
	job func(w workload, namespace string) client.Object
	// start what looks after its Jobs, and return when that is ready.
	start func(context.Context) (runner, error)
}

// runner is what looks after the Jobs of a subject.
type runner interface {
	// usage of its processes: of one that has no terminator, the second is empty.
	usage() (manager, terminator usage, err error)
	stop()
}

// ours is the operator that all this is about.
func (l *lab) ours() subject {
	return subject{
		name: subjectJob, jobs: &v1beta1.JobList{}, job: workload.job,
		start: func(ctx context.Context) (runner, error) { return l.startOperator(ctx) },
	}
}

// broadcast is OpenKruise's answer to the same need.
func (l *lab) broadcast() subject {
	return subject{
		name: subjectBroadcast, jobs: broadcastJobs(), job: workload.broadcastJob,
		start: func(ctx context.Context) (runner, error) { return l.startKruise(ctx) },
	}
}
