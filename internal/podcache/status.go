package podcache

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// boundStatus keeps the conditions that are judged, and how the containers run.
func boundStatus(full *corev1.PodStatus) corev1.PodStatus {
	init, rest := boundLists(full.InitContainerStatuses, full.ContainerStatuses)
	share := shareOf(init, rest)
	bound := func(status *corev1.ContainerStatus) corev1.ContainerStatus {
		return boundContainerStatus(status, share)
	}
	return corev1.PodStatus{
		Phase:                 corev1.PodPhase(first(string(full.Phase), maxName)),
		Conditions:            boundConditions(full.Conditions),
		Message:               plan.Shorten(full.Message, plan.MaxSentence),
		Reason:                plan.Reason(full.Reason),
		NominatedNodeName:     first(full.NominatedNodeName, maxName),
		InitContainerStatuses: boundEach(init, bound),
		ContainerStatuses:     boundEach(rest, bound),
	}
}

// judged are the conditions that the controllers read.
var judged = []corev1.PodConditionType{
	v1beta1.PodCompleted, corev1.PodScheduled, corev1.ContainersReady, corev1.PodReadyToStartContainers,
}

// boundConditions keeps the first condition of each type that is judged.
func boundConditions(full []corev1.PodCondition) []corev1.PodCondition {
	var kept []corev1.PodCondition
	for _, judged := range judged {
		i := slices.IndexFunc(full, func(c corev1.PodCondition) bool { return c.Type == judged })
		if i < 0 {
			continue
		}
		c := &full[i]
		kept = append(kept, corev1.PodCondition{
			Type: c.Type, Status: corev1.ConditionStatus(first(string(c.Status), maxName)), LastTransitionTime: c.LastTransitionTime,
			Reason: plan.Reason(c.Reason), Message: plan.Shorten(c.Message, plan.MaxSentence),
		})
	}
	return kept
}

// shareOf returns how much is kept of one message of a container.
func shareOf(lists ...[]corev1.ContainerStatus) int {
	messages := 1
	for _, list := range lists {
		for i := range list {
			if waiting := list[i].State.Waiting; waiting != nil && waiting.Message != "" {
				messages++
			}
			if end := plan.LastEnd(&list[i]); end != nil && end.Message != "" {
				messages++
			}
		}
	}
	return min(plan.MaxLog, maxMessages/messages)
}

// boundContainerStatus keeps how a container runs, and which runs have a log.
func boundContainerStatus(full *corev1.ContainerStatus, share int) corev1.ContainerStatus {
	kept := corev1.ContainerStatus{
		Name: first(full.Name, maxName), ContainerID: first(full.ContainerID, maxName), RestartCount: full.RestartCount,
		State: corev1.ContainerState{Terminated: boundEnd(full.State.Terminated, share)},
	}
	if waiting := full.State.Waiting; waiting != nil {
		kept.State.Waiting = &corev1.ContainerStateWaiting{Reason: plan.Reason(waiting.Reason), Message: plan.Shorten(waiting.Message, share)}
	}
	if running := full.State.Running; running != nil {
		kept.State.Running = &corev1.ContainerStateRunning{StartedAt: running.StartedAt}
	}
	if full.State.Terminated != nil {
		share = 0
	}
	kept.LastTerminationState.Terminated = boundEnd(full.LastTerminationState.Terminated, share)
	return kept
}

// boundEnd keeps how a container ended, and the last bytes of its message.
func boundEnd(full *corev1.ContainerStateTerminated, share int) *corev1.ContainerStateTerminated {
	if full == nil {
		return nil
	}
	return &corev1.ContainerStateTerminated{
		ExitCode: full.ExitCode, Reason: plan.Reason(full.Reason), Message: plan.Tail(full.Message, share),
		StartedAt: full.StartedAt, FinishedAt: full.FinishedAt, ContainerID: first(full.ContainerID, maxName),
	}
}
