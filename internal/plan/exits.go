package plan

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// containerStatusUnknown is the kubelet's reason for the end of a container that it lost.
const containerStatusUnknown = "ContainerStatusUnknown"

// failedExits returns the exit codes with which containers of the work failed in the pod's
// present sandbox, the earliest first.
//
// An exit counts once the kubelet has run the container again after it, or waits to do so.
// The kubelet decides that in the sync in which it reports the exit, so that waiting for it
// loses no time. What a container exits with because its pod is stopped, or its node goes
// down, says nothing about the work, and no container runs after it in that sandbox.
func failedExits(pod *corev1.Pod, work []*corev1.ContainerStatus) []int32 {
	if sandbox := conditionOf(pod, corev1.PodReadyToStartContainers); sandbox.Type != "" && sandbox.Status != corev1.ConditionTrue {
		return nil
	}
	var ends []*corev1.ContainerStateTerminated
	for _, status := range work {
		end := status.LastTerminationState.Terminated
		if end != nil && end.ExitCode != 0 && end.Reason != containerStatusUnknown && !isEarlierSandbox(pod, end) {
			ends = append(ends, end)
		}
	}
	slices.SortStableFunc(ends, func(a, b *corev1.ContainerStateTerminated) int { return a.FinishedAt.Compare(b.FinishedAt.Time) })
	var codes []int32
	for _, end := range ends {
		codes = append(codes, end.ExitCode)
	}
	return codes
}

// ruleFor returns the rule of the Job that an exit of the pod matches, and its code, nil if
// there is none. The earliest exit counts, and for it the first rule.
func (s *State) ruleFor(pod *Pod) (*v1beta1.NodeFailureRule, int32) {
	for _, code := range pod.Exits {
		if rule := s.ruleForCode(code); rule != nil {
			return rule, code
		}
	}
	return nil, 0
}

func (s *State) ruleForCode(code int32) *v1beta1.NodeFailureRule {
	policy := s.Job.Spec.NodeFailurePolicy
	if policy == nil {
		return nil
	}
	for i := range policy.Rules {
		if policy.Rules[i].OnExitCodes.Matches(code) {
			return &policy.Rules[i]
		}
	}
	return nil
}
