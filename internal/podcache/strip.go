// Package podcache makes cached pods small: thousands of them are kept in memory
// for a few fields each.
package podcache

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"
)

var _ cache.TransformFunc = Strip

// Strip is a cache transform. It takes from a pod what neither binary reads, and
// leaves other objects as they are. A stripped pod must never be written back.
func Strip(object any) (any, error) {
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return object, nil
	}
	// A new pod rather than fields set to nil: what the old one points to can
	// then be collected, and a field that is added to the API is dropped too.
	return &corev1.Pod{
		TypeMeta: pod.TypeMeta,
		ObjectMeta: metav1.ObjectMeta{
			Name:              pod.Name,
			Namespace:         pod.Namespace,
			UID:               pod.UID,
			ResourceVersion:   pod.ResourceVersion,
			Generation:        pod.Generation,
			CreationTimestamp: pod.CreationTimestamp,
			DeletionTimestamp: pod.DeletionTimestamp,
			Labels:            pod.Labels,
			OwnerReferences:   pod.OwnerReferences,
		},
		Spec:   stripSpec(&pod.Spec),
		Status: stripStatus(&pod.Status),
	}, nil
}

func stripSpec(full *corev1.PodSpec) corev1.PodSpec {
	return corev1.PodSpec{
		NodeName:        full.NodeName,
		Affinity:        stripAffinity(full.Affinity),
		SchedulingGates: full.SchedulingGates,
		ReadinessGates:  full.ReadinessGates,
		InitContainers:  stripEach(full.InitContainers, stripContainer),
		Containers:      stripEach(full.Containers, stripContainer),
	}
}

// stripAffinity keeps the node that the pod of a DaemonSet is meant for.
func stripAffinity(full *corev1.Affinity) *corev1.Affinity {
	if full == nil || full.NodeAffinity == nil {
		return nil
	}
	return &corev1.Affinity{NodeAffinity: full.NodeAffinity}
}

func stripContainer(full *corev1.Container) corev1.Container {
	return corev1.Container{Name: full.Name, RestartPolicy: full.RestartPolicy}
}

func stripStatus(full *corev1.PodStatus) corev1.PodStatus {
	return corev1.PodStatus{
		ObservedGeneration:    full.ObservedGeneration,
		Phase:                 full.Phase,
		Conditions:            full.Conditions,
		Message:               full.Message,
		Reason:                full.Reason,
		StartTime:             full.StartTime,
		InitContainerStatuses: stripEach(full.InitContainerStatuses, stripContainerStatus),
		ContainerStatuses:     stripEach(full.ContainerStatuses, stripContainerStatus),
	}
}

// stripContainerStatus keeps what says how a container is doing, and drops what it
// was given: images, resources, mounts, users.
func stripContainerStatus(full *corev1.ContainerStatus) corev1.ContainerStatus {
	return corev1.ContainerStatus{
		Name:                 full.Name,
		ContainerID:          full.ContainerID,
		State:                full.State,
		LastTerminationState: full.LastTerminationState,
		Ready:                full.Ready,
		Started:              full.Started,
		RestartCount:         full.RestartCount,
	}
}

func stripEach[T any](full []T, strip func(*T) T) []T {
	if len(full) == 0 {
		return nil
	}
	stripped := make([]T, len(full))
	for i := range full {
		stripped[i] = strip(&full[i])
	}
	return stripped
}
