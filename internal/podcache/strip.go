// Package podcache makes cached pods small. The informer caches hold thousands of
// pods, of which the controllers read a few fields, and whoever may create pods
// anywhere can write the others: an entry has a bounded size, whatever the pod holds.
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

var _ cache.TransformFunc = Strip

// Strip is a cache transform. It returns Bounded pods, and other objects unchanged.
func Strip(object any) (any, error) {
	if pod, ok := object.(*corev1.Pod); ok {
		return Bounded(pod), nil
	}
	return object, nil
}

// Bounded returns a pod of bounded size with the fields that the controllers read.
// Never write one back.
//
// It builds a pod from these fields instead of clearing others: a field that Kubernetes
// adds later is then left out as well, and Go can free the original pod.
func Bounded(pod *corev1.Pod) *corev1.Pod {
	bounded := boundPod(pod)
	keepOutput(bounded, plan.OutputOf(pod))
	return bounded
}

func boundPod(pod *corev1.Pod) *corev1.Pod {
	return &corev1.Pod{
		TypeMeta: pod.TypeMeta,
		ObjectMeta: metav1.ObjectMeta{
			Name:              pod.Name,
			Namespace:         pod.Namespace,
			UID:               pod.UID,
			ResourceVersion:   pod.ResourceVersion,
			CreationTimestamp: pod.CreationTimestamp,
			DeletionTimestamp: pod.DeletionTimestamp,
			Labels:            boundLabels(pod.Labels),
			Annotations:       boundAnnotations(pod),
			OwnerReferences:   boundOwner(pod),
		},
		Spec:   boundSpec(pod),
		Status: boundStatus(&pod.Status),
	}
}

// keptLabels are those that the controllers read. The API server bounds their values.
var keptLabels = []string{
	v1beta1.LabelDaemonSetJob, v1beta1.LabelJob, v1beta1.LabelDaemonSet, v1beta1.LabelTemplateHash, v1beta1.LabelCompletionMode,
}

func boundLabels(full map[string]string) map[string]string {
	kept := make(map[string]string, len(keptLabels))
	for _, key := range keptLabels {
		if value, ok := full[key]; ok {
			kept[key] = value
		}
	}
	return kept
}

const (
	// annotationSize is on a Bounded pod: how many bytes the API server holds of a large
	// one. Whoever sets it on a pod makes live lists of its Job slower, as a large pod does.
	annotationSize = "daemonset.darkowlzz.space/size"
	// largeSize is how many bytes make a pod a large one. Most pods have fewer.
	largeSize = 8 << 10
	// maxSize is more than etcd stores of an object.
	maxSize = 2 << 20
)

// SizeOf returns how many bytes the API server holds of a Bounded pod, 0 unless it is large.
func SizeOf(pod *corev1.Pod) int {
	text, ok := pod.Annotations[annotationSize]
	if !ok {
		return 0
	}
	size, err := strconv.Atoi(text)
	if err != nil || size < 0 {
		return maxSize
	}
	return min(size, maxSize)
}

// boundAnnotations keeps when the manager removed the pod's gate, how much of its output the pod
// asks for, and the size of a large pod.
func boundAnnotations(pod *corev1.Pod) map[string]string {
	kept := map[string]string{}
	if at, ok := pod.Annotations[v1beta1.AnnotationUngatedAt]; ok {
		kept[v1beta1.AnnotationUngatedAt] = first(at, maxName)
	}
	if bytes := v1beta1.PodOutputBytes(pod); bytes > 0 {
		kept[v1beta1.AnnotationOutputBytes] = strconv.Itoa(bytes)
	}
	size := SizeOf(pod)
	if size == 0 {
		size = pod.Size()
	}
	if size > largeSize {
		kept[annotationSize] = strconv.Itoa(min(size, maxSize))
	}
	if len(kept) == 0 {
		return nil
	}
	return kept
}

// boundOwner keeps the UID of the controller, by which a DaemonSet knows its pods.
func boundOwner(pod *corev1.Pod) []metav1.OwnerReference {
	owner := metav1.GetControllerOfNoCopy(pod)
	if owner == nil {
		return nil
	}
	return []metav1.OwnerReference{{UID: types.UID(first(string(owner.UID), maxName)), Controller: new(true)}}
}

// boundSpec keeps the node, the gates, and the names of the containers.
func boundSpec(pod *corev1.Pod) corev1.PodSpec {
	spec := corev1.PodSpec{NodeName: pod.Spec.NodeName, SchedulingGates: boundGates(pod.Spec.SchedulingGates)}
	if spec.NodeName == "" {
		spec.Affinity = affinityTo(plan.NodeName(pod))
	}
	if v1beta1.PodCompletesByLog(&pod.Spec) {
		spec.ReadinessGates = []corev1.PodReadinessGate{{ConditionType: v1beta1.PodCompleted}}
	}
	init, rest := boundLists(pod.Spec.InitContainers, pod.Spec.Containers)
	spec.InitContainers, spec.Containers = boundEach(init, boundContainer), boundEach(rest, boundContainer)
	return spec
}

// affinityTo returns the affinity with which the DaemonSet controller names a node.
func affinityTo(node string) *corev1.Affinity {
	if node == "" {
		return nil
	}
	return &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
		RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
			MatchFields: []corev1.NodeSelectorRequirement{
				{Key: metav1.ObjectNameField, Operator: corev1.NodeSelectorOpIn, Values: []string{first(node, maxName)}},
			},
		}}},
	}}
}

// boundGates keeps the manager's gate, and the first other one.
func boundGates(full []corev1.PodSchedulingGate) []corev1.PodSchedulingGate {
	var kept []corev1.PodSchedulingGate
	ours, others := 0, 0
	for _, gate := range full {
		count := &others
		if gate.Name == v1beta1.SchedulingGate {
			count = &ours
		}
		if *count++; *count == 1 {
			kept = append(kept, corev1.PodSchedulingGate{Name: first(gate.Name, maxPath)})
		}
	}
	return kept
}

// boundContainer keeps what identifies a container, and whether it is a sidecar.
func boundContainer(full *corev1.Container) corev1.Container {
	kept := corev1.Container{Name: first(full.Name, maxName)}
	if full.RestartPolicy != nil {
		kept.RestartPolicy = new(corev1.ContainerRestartPolicy(first(string(*full.RestartPolicy), maxName)))
	}
	return kept
}
