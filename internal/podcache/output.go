package podcache

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// keepOutput keeps the output of a pod that is done and asks for it, where ReadPod finds it: in
// the mark of the terminator, or in how the last container of the work ended. plan.OutputOf
// bounded it. An output replaces that one message, of which less would be kept.
func keepOutput(bounded *corev1.Pod, output string) {
	if output == "" {
		return
	}
	if !v1beta1.PodCompletesByLog(&bounded.Spec) {
		if last := plan.LastWork(bounded); last != nil && last.State.Terminated != nil {
			last.State.Terminated.Message = output
		}
		return
	}
	for i := range bounded.Status.Conditions {
		if c := &bounded.Status.Conditions[i]; c.Type == v1beta1.PodCompleted {
			c.Message = output
		}
	}
}
