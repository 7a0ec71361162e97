// Package podcache keeps of a cached pod only what the manager and the
// terminator read, so that thousands of them fit into a small process.
package podcache

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Strip is a cache transform. It leaves objects that are not pods as they are.
//
// What is left must never be written back: it is not the pod.
func Strip(object any) (any, error) {
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return object, nil
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name:              pod.Name,
			Namespace:         pod.Namespace,
			UID:               pod.UID,
			ResourceVersion:   pod.ResourceVersion,
			CreationTimestamp: pod.CreationTimestamp,
			DeletionTimestamp: pod.DeletionTimestamp,
			Labels:            pod.Labels,
			OwnerReferences:   pod.OwnerReferences,
		},
		Spec: corev1.PodSpec{
			NodeName:        pod.Spec.NodeName,
			Affinity:        nodeAffinity(pod.Spec.Affinity),
			SchedulingGates: pod.Spec.SchedulingGates,
			ReadinessGates:  pod.Spec.ReadinessGates,
			InitContainers:  outlines(pod.Spec.InitContainers),
			Containers:      outlines(pod.Spec.Containers),
		},
		Status: corev1.PodStatus{
			Phase:                 pod.Status.Phase,
			Conditions:            pod.Status.Conditions,
			Message:               pod.Status.Message,
			Reason:                pod.Status.Reason,
			StartTime:             pod.Status.StartTime,
			InitContainerStatuses: states(pod.Status.InitContainerStatuses),
			ContainerStatuses:     states(pod.Status.ContainerStatuses),
		},
	}, nil
}

func nodeAffinity(affinity *corev1.Affinity) *corev1.Affinity {
	if affinity == nil || affinity.NodeAffinity == nil {
		return nil
	}
	return &corev1.Affinity{NodeAffinity: affinity.NodeAffinity}
}

// outlines are containers by name, and whether they are sidecars.
func outlines(containers []corev1.Container) []corev1.Container {
	kept := make([]corev1.Container, len(containers))
	for i := range containers {
		kept[i] = corev1.Container{Name: containers[i].Name, RestartPolicy: containers[i].RestartPolicy}
	}
	return kept
}

func states(statuses []corev1.ContainerStatus) []corev1.ContainerStatus {
	kept := make([]corev1.ContainerStatus, len(statuses))
	for i := range statuses {
		s := &statuses[i]
		kept[i] = corev1.ContainerStatus{
			Name:                 s.Name,
			State:                s.State,
			LastTerminationState: s.LastTerminationState,
			Ready:                s.Ready,
			RestartCount:         s.RestartCount,
			ContainerID:          s.ContainerID,
			Started:              s.Started,
		}
	}
	return kept
}
