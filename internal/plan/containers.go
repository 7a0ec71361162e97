package plan

import (
	"math"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// MaxContainers is how many containers of a pod are observed, those of init included. The
// informer cache keeps no more, so that its size does not depend on who writes pods.
const MaxContainers = 20

// ExceedsBounds returns whether the pod has more containers than are observed. What they do
// is then unknown: a container that is not kept may be the one that matters.
func ExceedsBounds(pod *corev1.Pod) bool {
	return len(pod.Spec.InitContainers)+len(pod.Spec.Containers) > MaxContainers ||
		len(pod.Status.InitContainerStatuses)+len(pod.Status.ContainerStatuses) > MaxContainers
}

// isDone returns whether the pod's work is done. In Log mode the terminator has
// marked the pod, in Exit mode every container of the work ended with code 0.
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
		if ended := status.State.Terminated; ended == nil || isFailure(ended) {
			return false
		}
	}
	return toDo > 0 && len(work) == toDo
}

// endedAt returns when the work of a pod that is done ended.
func endedAt(pod *corev1.Pod, byLog bool, work []*corev1.ContainerStatus) time.Time {
	if byLog {
		return conditionOf(pod, v1beta1.PodCompleted).LastTransitionTime.Time
	}
	var last time.Time
	for _, status := range work {
		if end := status.State.Terminated; end != nil && end.FinishedAt.After(last) {
			last = end.FinishedAt.Time
		}
	}
	return last
}

// isFailure returns whether the kubelet takes the end of a container for a failure.
// A container whose child was killed for its memory can exit with code 0: the kubelet
// runs it again.
func isFailure(end *corev1.ContainerStateTerminated) bool {
	return end.ExitCode != 0 || end.Reason == oomKilled
}

const oomKilled = "OOMKilled"

// workFailed returns whether a container of the work last ended in a failure, in the
// pod's present sandbox. In Log mode the followed container has also failed when it
// ended without logging the word.
func workFailed(pod *corev1.Pod, work []*corev1.ContainerStatus, byLog bool) bool {
	followed := v1beta1.LogContainerName(&pod.Spec)
	for _, status := range work {
		end := LastEnd(status)
		if end == nil || isEarlierSandbox(pod, end) {
			continue
		}
		if isFailure(end) || byLog && status.Name == followed {
			return true
		}
	}
	return false
}

// sandboxTolerance is how much older than the pod's sandbox a container may seem, by
// clocks that the kubelet and the container runtime round differently.
const sandboxTolerance = 10 * time.Second

// isEarlierSandbox returns whether a container ran before the pod's present sandbox
// was made, as before a reboot. The transition of PodReadyToStartContainers moves with
// a new sandbox and not with a crash. Without the condition it cannot be told. A start
// that is unset is the zero time, and earlier than any sandbox.
func isEarlierSandbox(pod *corev1.Pod, end *corev1.ContainerStateTerminated) bool {
	c := conditionOf(pod, corev1.PodReadyToStartContainers)
	return c.Status == corev1.ConditionTrue && end.StartedAt.Add(sandboxTolerance).Before(c.LastTransitionTime.Time)
}

// hasStarted returns whether a container of the pod ever ran.
func hasStarted(pod *corev1.Pod) bool {
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for i := range statuses {
			status := &statuses[i]
			if status.State.Running != nil || status.RestartCount > 0 || LastEnd(status) != nil {
				return true
			}
		}
	}
	return false
}

// workStatuses returns the statuses of the containers that do the work: all init
// containers but the sidecars, and in Log mode the container whose log is followed.
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

// restarts returns the restarts of all containers together, as batch/v1's Job
// controller counts them. The API server accepts any counts, whose sum must not wrap.
func restarts(work []*corev1.ContainerStatus) int32 {
	var sum int64
	for _, status := range work {
		sum += int64(max(0, status.RestartCount))
	}
	return int32(min(sum, math.MaxInt32))
}

// mostRestarted returns the container that restarted most. Of those that restarted
// alike it is the last one that ended with another code than 0.
func mostRestarted(work []*corev1.ContainerStatus) *corev1.ContainerStatus {
	var worst *corev1.ContainerStatus
	for _, status := range work {
		if worst == nil || status.RestartCount > worst.RestartCount ||
			(status.RestartCount == worst.RestartCount && LastEnd(status) != nil && LastEnd(status).ExitCode != 0) {
			worst = status
		}
	}
	return worst
}

// LastEnd returns how the container ended last, nil if it never did.
func LastEnd(status *corev1.ContainerStatus) *corev1.ContainerStateTerminated {
	if status.State.Terminated != nil {
		return status.State.Terminated
	}
	return status.LastTerminationState.Terminated
}

// statusOf returns the status of a container of the pod, an empty one before the kubelet
// has reported it.
func statusOf(pod *corev1.Pod, container string) *corev1.ContainerStatus {
	for i := range pod.Status.ContainerStatuses {
		if status := &pod.Status.ContainerStatuses[i]; status.Name == container {
			return status
		}
	}
	return &corev1.ContainerStatus{}
}

// conditionOf returns a condition of the pod, an empty one if the pod does not have it.
func conditionOf(pod *corev1.Pod, conditionType corev1.PodConditionType) *corev1.PodCondition {
	for i := range pod.Status.Conditions {
		if c := &pod.Status.Conditions[i]; c.Type == conditionType {
			return c
		}
	}
	return &corev1.PodCondition{}
}
