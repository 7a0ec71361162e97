package main

import (
	"testing"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// gatedSet returns the DaemonSet with the gate, which its controller has observed or not.
func gatedSet(observed int64) *appsv1.DaemonSet {
	ds := daemonSetWith("h1")
	ds.Spec.Template.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: v1beta1.SchedulingGate}}
	ds.Generation, ds.Status.ObservedGeneration = 2, observed
	return ds
}

func TestTheGateStaysOnceItIsLatched(t *testing.T) {
	g := NewWithT(t)
	latched := jobWith(v1beta1.JobStatus{TemplateHash: "h1", RunGeneration: 1, Gated: true})
	const lost = "the DaemonSet of Job j lost its gate"
	tell(g).write(latched).write(gatedSet(2)).write(daemonSetWith("h1")).is(lost)
	tell(g).write(gatedSet(2)).write(daemonSetWith("h1")).write(latched).is("")
	next := jobWith(v1beta1.JobStatus{TemplateHash: "h2", RunGeneration: 2, Gated: true})
	tell(g).write(latched).write(gatedSet(2)).write(next).write(daemonSetWith("h2")).is("")
	tell(g).write(gatedSet(2)).list(latched).list(daemonSetWith("h1")).is("")
}

func TestAPodOfARecordedNodeIsMadeWithAGate(t *testing.T) {
	g := NewWithT(t)
	const made = "was made without a gate on a, which is recorded as done"
	tell(g).write(pageWith("a1")).write(gatedSet(2)).write(workingPod("a")).is(made)
	tell(g).write(pageWith("a1")).write(gatedSet(1)).write(workingPod("a")).is("")
	tell(g).write(pageWith("a1")).write(gatedSet(2)).write(daemonSetWith("h1")).write(workingPod("a")).is("")
	tell(g).write(gatedSet(2)).write(workingPod("a")).write(pageWith("a1")).is("")
	tell(g).write(pageWith("a1")).write(gatedSet(2)).write(gatedPod("a")).is("")
	tell(g).write(pageWith("a1")).write(gatedSet(2)).list(workingPod("a")).is("")
}
