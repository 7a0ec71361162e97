// Package podcache makes cached pods small. The informer caches hold thousands of
// pods, of which the controllers read a few fields.
package podcache

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

var _ cache.TransformFunc = Strip

// Strip is a cache transform. It removes the fields of a pod that no controller
// reads, and returns other objects unchanged. Never write a stripped pod back.
func Strip(object any) (any, error) {
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return object, nil
	}
	// Copy the fields to keep instead of clearing others: a field that Kubernetes adds
	// later is then removed as well, and Go can free the original pod.
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
			Annotations:       stripAnnotations(pod.Annotations),
			OwnerReferences:   pod.OwnerReferences,
		},
		Spec:   stripSpec(&pod.Spec),
		Status: stripStatus(&pod.Status),
	}, nil
}

// stripAnnotations keeps when the manager removed the pod's gate.
func stripAnnotations(full map[string]string) map[string]string {
	if at, ok := full[v1beta1.AnnotationUngatedAt]; ok {
		return map[string]string{v1beta1.AnnotationUngatedAt: at}
	}
	return nil
}

// stripSpec keeps the node, the gates, and the names of the containers.
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

// stripAffinity keeps the node affinity, with which the DaemonSet controller names the node.
func stripAffinity(full *corev1.Affinity) *corev1.Affinity {
	if full == nil || full.NodeAffinity == nil {
		return nil
	}
	return &corev1.Affinity{NodeAffinity: full.NodeAffinity}
}

// stripContainer keeps what identifies a container, and whether it is a sidecar.
func stripContainer(full *corev1.Container) corev1.Container {
	return corev1.Container{Name: full.Name, RestartPolicy: full.RestartPolicy}
}

// stripStatus keeps the conditions, and how the containers run.
func stripStatus(full *corev1.PodStatus) corev1.PodStatus {
	return corev1.PodStatus{
		ObservedGeneration:    full.ObservedGeneration,
		Phase:                 full.Phase,
		Conditions:            full.Conditions,
		Message:               full.Message,
		Reason:                full.Reason,
		StartTime:             full.StartTime,
		NominatedNodeName:     full.NominatedNodeName,
		InitContainerStatuses: stripEach(full.InitContainerStatuses, stripContainerStatus),
		ContainerStatuses:     stripEach(full.ContainerStatuses, stripContainerStatus),
	}
}

// stripContainerStatus keeps how a container runs, and removes its image, resources,
// mounts and user.
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

// stripEach strips each element. It keeps a nil slice nil.
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
