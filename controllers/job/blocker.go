package job

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// underWay are the reasons for which a container waits in the normal course of starting.
var underWay = map[string]bool{"": true, "ContainerCreating": true, "PodInitializing": true}

// podTrouble is what keeps a pod from getting its work done, as the scheduler
// and the kubelet say it, or nothing.
func podBlocker(pod *corev1.Pod, byLog bool, restarts int32, exitCode *int32) Blocker {
	if pod.Status.Phase == corev1.PodFailed {
		return Blocker{cmp.Or(pod.Status.Reason, "PodFailed"), pod.Status.Message}
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse && condition.Reason == corev1.PodReasonUnschedulable {
			return Blocker{condition.Reason, condition.Message}
		}
	}
	// One end with code 0 may be a container whose log is still being read; a second one is a habit.
	if byLog && restarts > 0 && exitCode != nil && *exitCode == 0 {
		return Blocker{v1beta1.ReasonExitedWithoutWord, exitedWithoutWord}
	}
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for i := range statuses {
			waiting := statuses[i].State.Waiting
			if waiting == nil || underWay[waiting.Reason] {
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

// troubles groups the nodes by what keeps them, most nodes first, in a sentence
// such as "2 nodes: ImagePullBackOff (node-1: …)". It is empty when nothing does.
func blockers(nodes []observedPod) string {
	byReason := map[string][]*observedPod{}
	for i := range nodes {
		n := &nodes[i]
		if n.upToDate && !n.terminating && n.Blocker.reason != "" {
			byReason[n.Blocker.reason] = append(byReason[n.Blocker.reason], n)
		}
	}
	reasons := slices.SortedFunc(maps.Keys(byReason), func(a, b string) int {
		return cmp.Or(len(byReason[b])-len(byReason[a]), strings.Compare(a, b))
	})
	sentences := make([]string, 0, len(reasons))
	for _, reason := range reasons {
		group := byReason[reason]
		first := slices.MinFunc(group, func(a, b *observedPod) int { return strings.Compare(a.name, b.name) })
		sentences = append(sentences, fmt.Sprintf("%s: %s (%s: %s)",
			nodeCount(len(group)), reason, first.name, shortened(first.Blocker.message, maxSentence)))
	}
	return strings.Join(sentences, "; ")
}

// maxSentence bounds what somebody else's message may take of a condition, in bytes.
const maxSentence = 512

func nodeCount(n int) string {
	if n == 1 {
		return "1 node"
	}
	return fmt.Sprintf("%d nodes", n)
}

// shortened is the first limit bytes of s, cut between characters.
func shortened(s string, limit int) string {
	s = strings.ToValidUTF8(strings.TrimSpace(s), "?")
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit-len("…")], "") + "…"
}

// tail is the last limit bytes of s, from the start of a line where there is one.
func tail(s string, limit int) string {
	s = strings.ToValidUTF8(strings.TrimSpace(s), "?")
	if len(s) <= limit {
		return s
	}
	s = strings.ToValidUTF8(s[len(s)-limit:], "")
	if _, rest, found := strings.Cut(s, "\n"); found {
		return rest
	}
	return s
}
