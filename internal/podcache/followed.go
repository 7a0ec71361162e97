package podcache

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

var _ cache.TransformFunc = Follow

// Follow is a cache transform for the terminator. It returns Followed pods, and other objects
// unchanged.
func Follow(object any) (any, error) {
	if pod, ok := object.(*corev1.Pod); ok {
		return Followed(pod), nil
	}
	return object, nil
}

// Followed returns a pod of bounded size with what the terminator reads: which container's log
// holds the word, which runs of it have a log, and whether the pod is marked. It has no message
// and no output: that is needed once, to mark the pod. Never write one back.
//
// It builds a pod from these fields instead of clearing others: a field that Kubernetes adds
// later is then left out as well, and Go can free the original pod.
func Followed(pod *corev1.Pod) *corev1.Pod {
	container := v1beta1.LogContainerName(&pod.Spec)
	followed := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: pod.Name, Namespace: pod.Namespace, UID: types.UID(boundName(string(pod.UID))), ResourceVersion: pod.ResourceVersion,
			DeletionTimestamp: pod.DeletionTimestamp, Labels: labelsOf(pod),
		},
		Spec: corev1.PodSpec{NodeName: pod.Spec.NodeName},
	}
	if bytes := v1beta1.PodOutputBytes(pod); bytes > 0 {
		followed.Annotations = map[string]string{v1beta1.AnnotationOutputBytes: strconv.Itoa(bytes)}
	}
	if v1beta1.PodCompletesByLog(&pod.Spec) {
		followed.Spec.ReadinessGates = completedGate
	}
	if i := conditionIndex(pod); i >= 0 {
		c := &pod.Status.Conditions[i]
		followed.Status.Conditions = []corev1.PodCondition{{
			Type: v1beta1.PodCompleted, Status: corev1.ConditionStatus(boundName(string(c.Status))),
			Reason: plan.Reason(c.Reason), LastTransitionTime: c.LastTransitionTime,
		}}
	}
	if plan.ExceedsBounds(pod) {
		followed.Spec.Containers = tooManyContainers
		return followed
	}
	followed.Spec.Containers = containerNamed(container)
	if v1beta1.PodIsCompleted(pod) {
		return followed // No log of it is followed any more.
	}
	for i := range pod.Status.ContainerStatuses {
		if status := &pod.Status.ContainerStatuses[i]; status.Name == container {
			followed.Status.ContainerStatuses = append(followed.Status.ContainerStatuses, runsOf(status))
		}
	}
	return followed
}

// Lists that all pods share. Nobody changes a cached pod.
var (
	completedGate     = []corev1.PodReadinessGate{{ConditionType: v1beta1.PodCompleted}}
	usualContainer    = []corev1.Container{{Name: v1beta1.ContainerName}}
	tooManyContainers = make([]corev1.Container, plan.MaxContainers+1)
)

// containerNamed returns the one container whose log is followed, none without a name.
func containerNamed(name string) []corev1.Container {
	switch name {
	case "":
		return nil
	case v1beta1.ContainerName:
		return usualContainer
	}
	return []corev1.Container{{Name: boundName(name)}}
}

func conditionIndex(pod *corev1.Pod) int {
	for i := range pod.Status.Conditions {
		if pod.Status.Conditions[i].Type == v1beta1.PodCompleted {
			return i
		}
	}
	return -1
}

// runsOf keeps which runs of a container have a log.
func runsOf(full *corev1.ContainerStatus) corev1.ContainerStatus {
	kept := corev1.ContainerStatus{Name: boundName(full.Name), ContainerID: boundName(full.ContainerID)}
	if running := full.State.Running; running != nil {
		kept.State.Running = &corev1.ContainerStateRunning{StartedAt: running.StartedAt}
	}
	kept.State.Terminated, kept.LastTerminationState.Terminated = runOf(full.State.Terminated), runOf(full.LastTerminationState.Terminated)
	return kept
}

func runOf(full *corev1.ContainerStateTerminated) *corev1.ContainerStateTerminated {
	if full == nil {
		return nil
	}
	return &corev1.ContainerStateTerminated{ContainerID: boundName(full.ContainerID)}
}
