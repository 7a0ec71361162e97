package plan

import (
	"fmt"
	"reflect"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
)

// PodState is how far the work in one pod is.
type PodState string

const (
	// Gated pods wait for the manager: the node has not started.
	Gated PodState = "gated"
	// Active pods have started, or may start at any moment.
	Active PodState = "active"
	// Succeeded pods have done their work.
	Succeeded PodState = "succeeded"
	// Failed pods restarted more often than the Job's backoffLimit allows. The
	// kubelet keeps restarting them, and they may still succeed.
	Failed PodState = "failed"
	// Skipped is the state of a node, never that of a pod: a rule skips it.
	Skipped PodState = "skipped"
	// Lost pods ended as a whole, as evicted ones do. They run nothing until the
	// DaemonSet controller has replaced them.
	Lost PodState = "lost"
)

// Pod is what one pod says about the work on its node.
type Pod struct {
	// Node is the name of the node that the pod is on, or is made for.
	Node string
	// Name, UID, ResourceVersion and Created are the pod's own.
	Name            string
	UID             types.UID
	ResourceVersion string
	Created         time.Time
	// Owner is the UID of the DaemonSet that controls the pod.
	Owner types.UID
	// TemplateHash says which template the pod is made from.
	TemplateHash string
	// Terminating pods have a deletionTimestamp, and may still run. DeletionTime is the
	// end of their grace period.
	Terminating  bool
	DeletionTime time.Time
	// Gone pods are deleted, and were done. They only say that their node is.
	Gone bool
	// Started pods have a container that ran, or runs.
	Started bool
	// Unschedulable pods are ungated, and the scheduler finds no place for them.
	// Preempting ones are to get the place of a pod that is being stopped.
	Unschedulable, Preempting bool
	// UngatedAt is when the manager removed the gate, or when the pod was made.
	UngatedAt time.Time
	// ScheduledAt is when the pod got its node, zero before that.
	ScheduledAt time.Time
	// EndedAt is when the work of a Succeeded pod ended, zero if nothing says when.
	EndedAt time.Time
	// StoppedEarly says that a Succeeded pod was told to stop before its work ended: what handles
	// SIGTERM may exit with 0 and leave work undone.
	StoppedEarly bool
	// State is never Failed here: the Job's backoffLimit decides on that.
	State PodState
	// Blocker is what keeps the work from being done, if anything does.
	Blocker Blocker
	// WorkFailed says that a container of the work last ended in a failure, since the
	// node last booted.
	WorkFailed bool
	// Restarts of all containers of the work together. ExitCode and Log are those
	// of the container that restarted most, nil and empty if none ended.
	Restarts int32
	ExitCode *int32
	Log      string
	// Exits are the exit codes with which containers of the work failed in the pod's present
	// sandbox, the earliest first, one for each container at most.
	Exits []int32
	// Output is what a Succeeded pod that asks for its output printed.
	Output string
	// Activity says in words what the pod is doing, for when the deadline passes.
	Activity string
	// on is the node of the name Node, nil if there is none. State.index sets it: it is looked up for
	// each pod once, and not wherever a Plan asks for it.
	on *Node
}

// ReadPod reads what one pod says about its work. The phase is never the signal:
// the pods of a DaemonSet do not succeed.
func ReadPod(pod *corev1.Pod) Pod {
	p := Pod{
		Node:            NodeName(pod),
		Name:            pod.Name,
		UID:             pod.UID,
		ResourceVersion: pod.ResourceVersion,
		Created:         pod.CreationTimestamp.Time,
		TemplateHash:    pod.Labels[v1beta1.LabelTemplateHash],
		UngatedAt:       ungatedAt(pod),
	}
	if pod.DeletionTimestamp != nil {
		p.Terminating, p.DeletionTime = true, pod.DeletionTimestamp.Time
	}
	if owner := metav1.GetControllerOfNoCopy(pod); owner != nil {
		p.Owner = owner.UID
	}
	byLog := v1beta1.PodCompletesByLog(&pod.Spec)
	work := workStatuses(pod, byLog)
	p.readScheduling(pod)
	if ExceedsBounds(pod) {
		// What the containers do is not known: any of them may run.
		p.Started = pod.Spec.NodeName != ""
	} else {
		p.readWork(pod, work, byLog)
	}
	switch {
	case !ExceedsBounds(pod) && isDone(pod, byLog, work):
		// What a container printed when it failed does not matter any more.
		p.State, p.EndedAt, p.Log, p.Output = Succeeded, endedAt(pod, byLog, work), "", OutputOf(pod)
		p.StoppedEarly = p.Terminating && !p.EndedAt.Before(stopAsked(pod))
	case pod.Status.Phase == corev1.PodFailed, pod.Status.Phase == corev1.PodSucceeded:
		p.State = Lost
	case daemonset.HasGate(&pod.Spec):
		p.State = Gated
	default:
		p.State = Active
	}
	blocker := podBlocker(pod, &p, byLog)
	p.Blocker = Blocker{Reason(blocker.Reason), Shorten(blocker.Message, MaxSentence)}
	p.Activity = activity(pod, &p)
	return p
}

// stopAsked returns when the pod was told to stop.
func stopAsked(pod *corev1.Pod) time.Time {
	grace := time.Duration(0)
	if seconds := pod.DeletionGracePeriodSeconds; seconds != nil {
		grace = time.Duration(*seconds) * time.Second
	}
	return pod.DeletionTimestamp.Add(-grace)
}

// readWork reads how the containers of the work ended.
func (p *Pod) readWork(pod *corev1.Pod, work []*corev1.ContainerStatus, byLog bool) {
	p.WorkFailed, p.Started = workFailed(pod, work, byLog), hasStarted(pod)
	if !byLog || !v1beta1.PodIsCompleted(pod) {
		// A container in Log mode may end as it likes after its word.
		p.Exits = failedExits(pod, work)
	}
	if worst := mostRestarted(work); worst != nil {
		p.Restarts = restarts(work)
		if end := LastEnd(worst); end != nil {
			p.ExitCode, p.Log = new(end.ExitCode), Tail(end.Message, MaxLog)
		}
	}
}

// readScheduling reads what the scheduler reports.
func (p *Pod) readScheduling(pod *corev1.Pod) {
	p.Preempting = pod.Status.NominatedNodeName != ""
	c := conditionOf(pod, corev1.PodScheduled)
	if c.Status == corev1.ConditionTrue {
		p.ScheduledAt = c.LastTransitionTime.Time
	}
	p.Unschedulable = c.Status == corev1.ConditionFalse && c.Reason == corev1.PodReasonUnschedulable && pod.Spec.NodeName == ""
}

// ungatedAt returns when the manager removed the pod's gate. The condition of the
// scheduler has the time of the pod's creation, so that the manager writes its own.
func ungatedAt(pod *corev1.Pod) time.Time {
	at, err := time.Parse(time.RFC3339, pod.Annotations[v1beta1.AnnotationUngatedAt])
	if err != nil {
		return pod.CreationTimestamp.Time
	}
	return at
}

// SaysTheSame returns whether both pods say the same about their work, in
// whichever resourceVersion.
func (p Pod) SaysTheSame(other Pod) bool {
	p.ResourceVersion, other.ResourceVersion, p.on, other.on = "", "", nil, nil
	return reflect.DeepEqual(p, other)
}

// NodeName returns the node that the pod is on, or is made for: the DaemonSet
// controller puts its name into an affinity before the pod is scheduled.
func NodeName(pod *corev1.Pod) string {
	if pod.Spec.NodeName != "" {
		return pod.Spec.NodeName
	}
	affinity := pod.Spec.Affinity
	if affinity == nil || affinity.NodeAffinity == nil || affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return ""
	}
	for _, term := range affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
		for _, field := range term.MatchFields {
			if field.Key == metav1.ObjectNameField && field.Operator == corev1.NodeSelectorOpIn && len(field.Values) == 1 {
				return field.Values[0]
			}
		}
	}
	return ""
}

// activity says in words what the pod is doing.
func activity(pod *corev1.Pod, p *Pod) string {
	switch {
	case p.State == Gated:
		return "waiting for its turn"
	case p.Blocker.Reason != "":
		return fmt.Sprintf("%s: %s", p.Blocker.Reason, p.Blocker.Message)
	case p.Terminating:
		return "being stopped"
	case pod.Status.Phase != corev1.PodRunning:
		return "pending"
	case conditionOf(pod, corev1.ContainersReady).Status != corev1.ConditionTrue:
		return "running, not ready"
	}
	return "running"
}
