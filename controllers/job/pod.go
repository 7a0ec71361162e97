package job

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// nodeState is what a pod says of the work on its node.
type podState string

const (
	// held: the gate is closed, the node has not started.
	gated podState = "gated"
	// working: started, or free to start at any moment.
	active podState = "active"
	// done: the work is finished.
	succeeded podState = "succeeded"
	// failed: restarted too often, and not finished. It is tried on, and may still get done.
	failed podState = "failed"
	// lost: the pod ended, as an evicted one does, and runs nothing until the
	// DaemonSet controller has replaced it.
	lost podState = "lost"
)

// node is what one pod says of the work on its node.
type observedPod struct {
	name    string
	pod     string
	uid     types.UID
	owner   types.UID
	version string
	created time.Time
	// hash is that of the template that the pod is made from.
	hash string
	// current: that is the current template.
	upToDate bool
	// leaving: the pod is being deleted, and may still run.
	terminating bool
	state       podState
	// trouble is what keeps the node from getting done, if anything does.
	Blocker Blocker
	// restarts, exitCode and log of the container that restarted most.
	restarts int32
	exitCode *int32
	log      string
	// activity is what the node is doing, in words, for when its time is over.
	activity string
}

// trouble is a reason in one word and what it means here, in a sentence.
type Blocker struct{ reason, message string }

// takesSlot says whether the node counts against parallelism: whichever
// template its pod belongs to, and while it is being stopped too.
func (n *observedPod) takesSlot() bool {
	return n.state == active
}

// observeNode reads one pod by what its Job says: the hash of the current template,
// and how often the work may be restarted.
func observePod(pod *corev1.Pod, hash string, backoffLimit int32) observedPod {
	n := readPod(pod)
	n.evaluate(hash, backoffLimit)
	return n
}

// judge what the pod says by what its Job says.
func (n *observedPod) evaluate(hash string, backoffLimit int32) {
	n.upToDate = n.hash == hash
	if n.state == active && n.restarts > backoffLimit {
		n.state = failed
	}
}

// readPod reads what one pod says by itself: it has not failed yet, and is of no
// template in particular. Its phase is never the signal: a DaemonSet's pods do not
// succeed.
func readPod(pod *corev1.Pod) observedPod {
	n := observedPod{
		name:        nodeName(pod),
		pod:         pod.Name,
		uid:         pod.UID,
		version:     pod.ResourceVersion,
		created:     pod.CreationTimestamp.Time,
		hash:        pod.Labels[v1beta1.LabelTemplateHash],
		terminating: !pod.DeletionTimestamp.IsZero(),
	}
	if owner := metav1.GetControllerOfNoCopy(pod); owner != nil {
		n.owner = owner.UID
	}
	byLog := v1beta1.PodCompletesByLog(&pod.Spec)
	work := workStatuses(pod, byLog)
	worst := mostRestarted(work)
	if worst != nil {
		n.restarts = restarts(work)
		if ended := lastEnd(worst); ended != nil {
			n.exitCode, n.log = new(ended.ExitCode), ended.Message
		}
	}
	ended := pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded
	switch {
	case isDone(pod, byLog, work):
		n.state = succeeded
	case ended:
		n.state = lost
	case hasGate(&pod.Spec):
		n.state = gated
	default:
		n.state = active
	}
	if n.state != succeeded && n.state != gated {
		n.Blocker = podBlocker(pod, byLog, n.restarts, n.exitCode)
	}
	n.activity = activity(pod, &n)
	return n
}

// nodeName is the node that the pod is on, or is meant for: the DaemonSet
// controller says so by an affinity before the pod is scheduled.
func nodeName(pod *corev1.Pod) string {
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

// isDone says whether the pod's work is finished: marked by the terminator in
// Log mode, every container ended with code 0 in Exit mode.
func isDone(pod *corev1.Pod, byLog bool, work []*corev1.ContainerStatus) bool {
	if byLog {
		return v1beta1.PodIsCompleted(pod)
	}
	toDo := 0
	for i := range pod.Spec.InitContainers {
		if !isSidecar(&pod.Spec.InitContainers[i]) {
			toDo++
		}
	}
	for _, status := range work {
		if ended := status.State.Terminated; ended == nil || ended.ExitCode != 0 {
			return false
		}
	}
	return toDo > 0 && len(work) == toDo
}

// workStatuses are the containers whose ends and restarts say how the work
// goes: all init containers but the sidecars, and in Log mode the one whose log
// is followed.
func workStatuses(pod *corev1.Pod, byLog bool) []*corev1.ContainerStatus {
	sidecar := map[string]bool{}
	for i := range pod.Spec.InitContainers {
		sidecar[pod.Spec.InitContainers[i].Name] = isSidecar(&pod.Spec.InitContainers[i])
	}
	var work []*corev1.ContainerStatus
	for i := range pod.Status.InitContainerStatuses {
		if status := &pod.Status.InitContainerStatuses[i]; !sidecar[status.Name] {
			work = append(work, status)
		}
	}
	if !byLog {
		return work
	}
	followed := v1beta1.LogContainerName(&pod.Spec)
	for i := range pod.Status.ContainerStatuses {
		if status := &pod.Status.ContainerStatuses[i]; status.Name == followed {
			work = append(work, status)
		}
	}
	return work
}

func isSidecar(container *corev1.Container) bool {
	return container.RestartPolicy != nil && *container.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

// restarts of all containers of the work together, as upstream's Job counts them.
func restarts(work []*corev1.ContainerStatus) int32 {
	var sum int32
	for _, status := range work {
		sum += status.RestartCount
	}
	return sum
}

// mostRestarted is the container that restarted most, or the last one that ended badly.
func mostRestarted(work []*corev1.ContainerStatus) *corev1.ContainerStatus {
	var worst *corev1.ContainerStatus
	for _, status := range work {
		if worst == nil || status.RestartCount > worst.RestartCount ||
			(status.RestartCount == worst.RestartCount && lastEnd(status) != nil && lastEnd(status).ExitCode != 0) {
			worst = status
		}
	}
	return worst
}

// lastEnd is how the container ended last, if it ever did.
func lastEnd(status *corev1.ContainerStatus) *corev1.ContainerStateTerminated {
	if status.State.Terminated != nil {
		return status.State.Terminated
	}
	return status.LastTerminationState.Terminated
}

// activity says in words what the node is doing.
func activity(pod *corev1.Pod, n *observedPod) string {
	switch {
	case n.state == gated:
		return "waiting for its turn"
	case n.Blocker.reason != "":
		return fmt.Sprintf("%s: %s", n.Blocker.reason, n.Blocker.message)
	case n.terminating:
		return "being stopped"
	case pod.Status.Phase != corev1.PodRunning:
		return "pending"
	case !containersReady(pod):
		return "running, not ready"
	}
	return "running"
}

func containersReady(pod *corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.ContainersReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}
