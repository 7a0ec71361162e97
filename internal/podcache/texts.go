package podcache

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/cache"
)

var _ cache.TransformFunc = StripTexts

// StripTexts is a cache transform. It returns pods as Strip does, without their output and any
// other message, and other objects unchanged. It is for the terminator, which reads none: the
// output of a node is needed once, to mark the pod, and is up to 4 KiB of each pod.
func StripTexts(object any) (any, error) {
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return object, nil
	}
	bounded := boundPod(pod)
	bounded.Status.Message = ""
	for i := range bounded.Status.Conditions {
		bounded.Status.Conditions[i].Message = ""
	}
	for _, statuses := range [][]corev1.ContainerStatus{bounded.Status.InitContainerStatuses, bounded.Status.ContainerStatuses} {
		for i := range statuses {
			dropTexts(&statuses[i].State)
			dropTexts(&statuses[i].LastTerminationState)
		}
	}
	return bounded, nil
}

func dropTexts(state *corev1.ContainerState) {
	if state.Waiting != nil {
		state.Waiting.Message = ""
	}
	if state.Terminated != nil {
		state.Terminated.Message = ""
	}
}
