package plan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

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
func podBlocker(pod *corev1.Pod, p *Pod, byLog bool) Blocker {
	followed := statusOf(pod, v1beta1.LogContainerName(&pod.Spec))
	switch {
	case ExceedsBounds(pod):
		return Blocker{v1beta1.ReasonTooManyContainers, tooManyContainers}
	case p.State == Succeeded:
		if end := LastEnd(followed); byLog && end != nil && !isEarlierSandbox(pod, end) {
			return Blocker{v1beta1.ReasonEndsAfterWord, endsAfterWord}
		}
		return Blocker{}
	case p.State == Lost:
		return Blocker{cmp.Or(pod.Status.Reason, "PodFailed"), pod.Status.Message}
	case p.State == Gated:
		return Blocker{}
	case len(pod.Spec.SchedulingGates) > 0:
		return Blocker{corev1.PodReasonSchedulingGated, fmt.Sprintf("the scheduling gate %s holds the pod: who put it into the template must remove it",
			pod.Spec.SchedulingGates[0].Name)}
	case p.Unschedulable && !p.Preempting:
		return Blocker{corev1.PodReasonUnschedulable, conditionOf(pod, corev1.PodScheduled).Message}
	}
	// After one end with code 0 the terminator may still be reading the log. After a
	// second one it has read the first log to its end.
	if end := LastEnd(followed); byLog && end != nil && !isFailure(end) && followed.RestartCount > 0 && !isEarlierSandbox(pod, end) {
		return Blocker{v1beta1.ReasonExitedWithoutWord, exitedWithoutWord}
	}
	if c := conditionOf(pod, v1beta1.PodCompleted); c.Status == corev1.ConditionFalse && c.Reason != "" {
		return Blocker{c.Reason, c.Message}
	}
	return containerBlocker(pod, p)
}

// containerBlocker returns why a container does not run. One that restarts after a
// failure is reported while it runs too: the reason would come and go at each crash.
func containerBlocker(pod *corev1.Pod, p *Pod) Blocker {
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for i := range statuses {
			status := &statuses[i]
			waiting, end := status.State.Waiting, LastEnd(status)
			crashed := p.WorkFailed && end != nil && isFailure(end) && status.RestartCount > 0
			switch {
			case crashed || (waiting != nil && waiting.Reason == crashLoop && end != nil):
				return Blocker{crashLoop, fmt.Sprintf("container %s ended with exit code %d, %d restarts%s",
					status.Name, end.ExitCode, status.RestartCount, kubeletMessage(waiting))}
			case waiting != nil && !starting[waiting.Reason]:
				return Blocker{waiting.Reason, waiting.Message}
			}
		}
	}
	return Blocker{}
}

const crashLoop = "CrashLoopBackOff"

// kubeletMessage returns the kubelet's own reason, where it is more than that the
// container restarts.
func kubeletMessage(waiting *corev1.ContainerStateWaiting) string {
	if waiting == nil || waiting.Reason == crashLoop || starting[waiting.Reason] {
		return ""
	}
	return fmt.Sprintf(": %s: %s", waiting.Reason, waiting.Message)
}

var tooManyContainers = fmt.Sprintf("the pod has more than %d containers, which is how many the manager observes: "+
	"give the Job's template fewer, or keep its pods from what adds them", MaxContainers)

const (
	exitedWithoutWord = "the container exited with code 0 without logging the termination word; " +
		"if exiting is how it says that it is done, set completionMode: Exit"
	endsAfterWord = "the container ends after it logged the word, and the kubelet runs its work again: " +
		"let it sleep after the word, or set completionMode: Exit"
)

// startTimeout is how long a pod may take to start before that is worth a word.
const startTimeout = time.Minute

// isSlow returns whether the pod has had a node for so long and runs no container.
func (s *State) isSlow(pod *Pod) bool {
	return pod.State == Active && !pod.Started && !pod.ScheduledAt.IsZero() && s.Now.Sub(pod.ScheduledAt) >= startTimeout
}

// blockerOf returns what blocks a pod at this time.
func (s *State) blockerOf(pod *Pod) Blocker {
	if pod.Blocker.Reason == "" && s.isSlow(pod) {
		return Blocker{"ContainerCreating", fmt.Sprintf("nothing has started for a minute; kubectl -n %s describe pod %s shows why", s.Job.Namespace, pod.Name)}
	}
	return pod.Blocker
}

// podBlockers groups the pods by what blocks them, most pods first, in a sentence
// such as "2 nodes: ImagePullBackOff (node-1: …)". It is empty when nothing does.
func (s *State) podBlockers() Blocker {
	byReason := map[string][]*Pod{}
	for i := range s.Pods {
		pod := &s.Pods[i]
		if reason := s.blockerOf(pod).Reason; reason != "" && s.upToDate(pod) && !pod.Terminating && s.stateOf(pod) != Failed && !s.isStopped(pod) {
			byReason[reason] = append(byReason[reason], pod)
		}
	}
	if len(byReason) == 0 {
		return Blocker{}
	}
	reasons := slices.SortedFunc(maps.Keys(byReason), func(a, b string) int {
		return cmp.Or(len(byReason[b])-len(byReason[a]), strings.Compare(a, b))
	})
	sentences := make([]string, 0, len(reasons))
	for _, reason := range reasons {
		group := byReason[reason]
		first := slices.MinFunc(group, func(a, b *Pod) int { return strings.Compare(a.Node, b.Node) })
		sentences = append(sentences, fmt.Sprintf("%s: %s (%s: %s)",
			nodeCount(len(group)), reason, first.Node, Shorten(s.blockerOf(first).Message, MaxSentence)))
	}
	blocker := Blocker{v1beta1.ReasonPodsWaiting, strings.Join(sentences, "; ")}
	if len(reasons) == 1 && reasons[0] == v1beta1.ReasonEndsAfterWord {
		blocker.Reason = reasons[0]
	}
	return blocker
}

// Refusal is what the DaemonSet controller's event says of a pod that the API server refused.
type Refusal struct {
	At      time.Time
	Message string
}

// clockSkew is how far the clock of the DaemonSet controller may be ahead.
const clockSkew = time.Minute

// PodsRefused returns the Blocker for the last refusal. One that is older than the newest
// pod is over: pods are made again. One of a time to come is forged, and would never be over.
func PodsRefused(refusals []Refusal, pods []Pod, now time.Time) Blocker {
	var last Refusal
	for _, refusal := range refusals {
		if refusal.At.After(last.At) && !refusal.At.After(now.Add(clockSkew)) {
			last = refusal
		}
	}
	if last.At.IsZero() || slices.ContainsFunc(pods, func(pod Pod) bool { return pod.Created.After(last.At) }) {
		return Blocker{}
	}
	sentence := "pods are refused: " + Shorten(last.Message, MaxSentence)
	if strings.Contains(last.Message, "minimum") && strings.Contains(last.Message, "usage per Container") {
		sentence += "; a LimitRange asks for more than the pause container of Exit mode requests: " +
			"raise --pause-resources of the manager, or lower the minimum"
	}
	return Blocker{v1beta1.ReasonPodsRefused, sentence}
}
