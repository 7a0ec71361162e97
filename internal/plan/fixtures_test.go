package plan

import (
	"fmt"
	"maps"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

const hash = "h1"

var aJob = wrappers.Job("ns", "j").UID("j-uid").Generation(1).Obj()

// pod is a running pod of aJob on a node.
func pod(node string) *wrappers.PodWrapper { return wrappers.Pod(aJob, node, hash) }

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// daemonSet is the DaemonSet of aJob, observed by its controller, with so many nodes.
func daemonSet(desired, current int32) *appsv1.DaemonSet {
	ds := &appsv1.DaemonSet{}
	ds.Generation = 3
	ds.Spec.Template.Labels = map[string]string{v1beta1.LabelTemplateHash: hash}
	ds.Status = appsv1.DaemonSetStatus{ObservedGeneration: 3, DesiredNumberScheduled: desired, CurrentNumberScheduled: current}
	return ds
}

// notObserved is a DaemonSet whose generation its controller has not observed.
func notObserved(desired int32) *appsv1.DaemonSet {
	ds := daemonSet(desired, desired)
	ds.Generation = 4
	return ds
}

func pods(made ...*wrappers.PodWrapper) []*wrappers.PodWrapper { return made }

// started is the status of a Job that started so many seconds ago.
func started(secondsAgo int) v1beta1.JobStatus {
	return v1beta1.JobStatus{
		Phase: v1beta1.PhaseRunning, TemplateHash: hash, ObservedGeneration: 1,
		StartTime: new(metav1.NewTime(now.Add(-time.Duration(secondsAgo) * time.Second))),
	}
}

func suspendedBy(reason string) v1beta1.JobStatus {
	status := started(10)
	status.Conditions = []metav1.Condition{{Type: v1beta1.JobSuspended, Status: metav1.ConditionTrue, Reason: reason}}
	return status
}

func job() *wrappers.JobWrapper {
	return wrappers.Job("ns", "j").UID("j-uid").Generation(1).Status(started(10))
}

func crashing(node string) *wrappers.PodWrapper {
	return pod(node).Restarted(v1beta1.ContainerName, 7, 3, "boom")
}

// aDaemonSet is the UID of the Job's DaemonSet.
const aDaemonSet = "ds-uid"

// stateWith is the State of a Job with this DaemonSet and these pods, read live. It has
// as many nodes as the DaemonSet has, those of the pods first.
func stateWith(j *wrappers.JobWrapper, ds *appsv1.DaemonSet, pods ...*wrappers.PodWrapper) State {
	s := State{Job: j.Obj(), Now: now, TemplateHash: hash, DaemonSet: ds, ExpectationsMet: true, Live: true}
	nodes := map[string]bool{}
	for _, p := range pods {
		read := ReadPod(p.Obj())
		read.Owner = aDaemonSet
		s.Pods = append(s.Pods, read)
		nodes[read.Node] = true
	}
	if ds != nil {
		ds.UID = aDaemonSet
		for i := len(nodes); i < int(ds.Status.DesiredNumberScheduled); i++ {
			nodes[fmt.Sprintf("other-%02d", i)] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(nodes)) {
		s.Nodes = append(s.Nodes, Node{Name: name, UID: types.UID(name + "-uid"), Placement: daemonset.Placed})
	}
	s.index()
	return s
}

// without takes nodes away from a State: their pods stay for a while.
func without(s State, names ...string) State {
	s.Nodes = slices.DeleteFunc(s.Nodes, func(n Node) bool { return slices.Contains(names, n.Name) })
	s.index()
	return s
}
