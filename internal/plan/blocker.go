package plan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// Blocker is what blocks a Job or one of its pods: a reason in one word, and a
// sentence that says what to do. The zero value is none.
type Blocker struct{ Reason, Message string }

// starting are the reasons for which the kubelet lets a container wait while it
// starts normally.
var starting = map[string]bool{"": true, "ContainerCreating": true, "PodInitializing": true}

// podBlocker returns what keeps the pod's work from being done, as the scheduler
// and the kubelet report it.
func podBlocker(pod *corev1.Pod, byLog bool, restarts int32, exitCode *int32) Blocker {
	if pod.Status.Phase == corev1.PodFailed {
		return Blocker{cmp.Or(pod.Status.Reason, "PodFailed"), pod.Status.Message}
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse && condition.Reason == corev1.PodReasonUnschedulable {
			return Blocker{condition.Reason, condition.Message}
		}
	}
	// After one end with code 0 the terminator may still be reading the log. After a
	// second one it has read the first log to its end.
	if byLog && restarts > 0 && exitCode != nil && *exitCode == 0 {
		return Blocker{v1beta1.ReasonExitedWithoutWord, exitedWithoutWord}
	}
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for i := range statuses {
			waiting := statuses[i].State.Waiting
			if waiting == nil || starting[waiting.Reason] {
				continue
			}
			if end := lastEnd(&statuses[i]); end != nil {
				return Blocker{waiting.Reason, fmt.Sprintf("container %s ended with exit code %d, %d restarts",
					statuses[i].Name, end.ExitCode, statuses[i].RestartCount)}
			}
			return Blocker{waiting.Reason, waiting.Message}
		}
	}
	return Blocker{}
}

const exitedWithoutWord = "the container exited with code 0 without logging the termination word; " +
	"if exiting is how it says that it is done, set completionMode: Exit"

// podBlockers groups the pods by what blocks them, most pods first, in a sentence
// such as "2 nodes: ImagePullBackOff (node-1: …)". It is empty when nothing does.
func (s *State) podBlockers() string {
	byReason := map[string][]*Pod{}
	for i := range s.Pods {
		pod := &s.Pods[i]
		if s.upToDate(pod) && !pod.Terminating && pod.Blocker.Reason != "" {
			byReason[pod.Blocker.Reason] = append(byReason[pod.Blocker.Reason], pod)
		}
	}
	reasons := slices.SortedFunc(maps.Keys(byReason), func(a, b string) int {
		return cmp.Or(len(byReason[b])-len(byReason[a]), strings.Compare(a, b))
	})
	sentences := make([]string, 0, len(reasons))
	for _, reason := range reasons {
		group := byReason[reason]
		first := slices.MinFunc(group, func(a, b *Pod) int { return strings.Compare(a.Node, b.Node) })
		sentences = append(sentences, fmt.Sprintf("%s: %s (%s: %s)",
			nodeCount(len(group)), reason, first.Node, Shorten(first.Blocker.Message, MaxSentence)))
	}
	return strings.Join(sentences, "; ")
}
