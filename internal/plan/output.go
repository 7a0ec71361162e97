package plan

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// Output returns the first limit bytes of what a container printed, cut between characters.
// Unlike Shorten it keeps lines and does not quote: whoever reads an output may parse it. What
// is not UTF-8, or not printable, becomes a question mark. It returns what it returned before
// unchanged, and the same for a lower limit whether that was cut before or not.
func Output(s string, limit int) string {
	s = strings.TrimSpace(s)
	var text strings.Builder
	for i, r := range s {
		if r == '\r' && strings.HasPrefix(s[i:], "\r\n") {
			continue
		}
		if r == utf8.RuneError || r != '\n' && r != '\t' && !strconv.IsPrint(r) && !unicode.Is(unicode.Zs, r) {
			r = '?'
		}
		if text.Len()+utf8.RuneLen(r) > limit {
			break
		}
		text.WriteRune(r)
	}
	if cut := strings.TrimSpace(text.String()); cut != s {
		return cut
	}
	return s // One copy is enough: most outputs are as they should be.
}

// OutputOf returns the output of a pod that is done, as far as the pod asks for it.
func OutputOf(pod *corev1.Pod) string {
	limit, byLog := v1beta1.PodOutputBytes(pod), v1beta1.PodCompletesByLog(&pod.Spec)
	if limit == 0 || ExceedsBounds(pod) || !isDone(pod, byLog, workStatuses(pod, byLog)) {
		return ""
	}
	if byLog {
		if c := conditionOf(pod, v1beta1.PodCompleted); c.Reason == v1beta1.ReasonOutputLogged {
			return Output(c.Message, limit)
		}
		return ""
	}
	if status := LastWork(pod); status != nil && status.State.Terminated != nil {
		return Output(status.State.Terminated.Message, limit)
	}
	return ""
}

// LastWork returns the status of the container of a pod in Exit mode that works last, nil if
// the kubelet has not reported it.
func LastWork(pod *corev1.Pod) *corev1.ContainerStatus {
	last := ""
	for i := range pod.Spec.InitContainers {
		if container := &pod.Spec.InitContainers[i]; !isSidecar(container) {
			last = container.Name
		}
	}
	for i := range pod.Status.InitContainerStatuses {
		if status := &pod.Status.InitContainerStatuses[i]; status.Name == last {
			return status
		}
	}
	return nil
}

// doneOutput returns what is recorded of the output of a node that is done.
func (s *State) doneOutput(pod *Pod) string {
	return Output(pod.Output, s.Job.Spec.Results.OutputBytes())
}

// failedOutput returns what is recorded of the output of a failed node: its last lines.
func (s *State) failedOutput(pod *Pod) string {
	limit := s.Job.Spec.Results.FailedOutputBytes()
	return Output(Tail(pod.Log, limit), limit)
}
