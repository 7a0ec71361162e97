package plan

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

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
		if ended := status.State.Terminated; ended == nil || ended.ExitCode != 0 {
			return false
		}
	}
	return toDo > 0 && len(work) == toDo
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
// controller counts them.
func restarts(work []*corev1.ContainerStatus) int32 {
	var sum int32
	for _, status := range work {
		sum += status.RestartCount
	}
	return sum
}

// mostRestarted returns the container that restarted most. Of those that restarted
// alike it is the last one that ended with another code than 0.
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

// lastEnd returns how the container ended last, nil if it never did.
func lastEnd(status *corev1.ContainerStatus) *corev1.ContainerStateTerminated {
	if status.State.Terminated != nil {
		return status.State.Terminated
	}
	return status.LastTerminationState.Terminated
}
