package v1beta1

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"
)

// MaxOutputBytes is the highest results.maxOutputBytes. The kubelet keeps no more of a
// termination message.
const MaxOutputBytes = 4096

// OutputBytes returns how much of the output of a node that is done is recorded, in bytes,
// and 0 for nothing.
func (r *Results) OutputBytes() int {
	if r == nil || r.Outputs != OutputsAll {
		return 0
	}
	return r.maxBytes()
}

// FailedOutputBytes returns how much of the output of a failed node is recorded, in bytes, and
// 0 for nothing.
func (r *Results) FailedOutputBytes() int {
	if r == nil || r.Outputs != OutputsFailed && r.Outputs != OutputsAll {
		return 0
	}
	return r.maxBytes()
}

func (r *Results) maxBytes() int {
	if r.MaxOutputBytes == nil {
		return int(DefaultMaxOutputBytes)
	}
	return boundOutput(int(*r.MaxOutputBytes))
}

// PodOutputBytes returns how much of its output the pod asks for, in bytes, and 0 for nothing.
// A pod that was made before its Job asked for outputs asks for none.
func PodOutputBytes(pod *corev1.Pod) int {
	asked, err := strconv.Atoi(pod.Annotations[AnnotationOutputBytes])
	if err != nil {
		return 0
	}
	return boundOutput(asked)
}

func boundOutput(asked int) int { return min(max(0, asked), MaxOutputBytes) }
