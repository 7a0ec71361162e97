package plan

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// when is a rule for the exit codes that are one of these.
func when(action v1beta1.NodeFailureAction, codes ...int32) v1beta1.NodeFailureRule {
	return v1beta1.NodeFailureRule{Action: action, OnExitCodes: v1beta1.ExitCodes{Operator: v1beta1.ExitCodeIn, Values: codes}}
}

// unless is a rule for the exit codes that are none of these.
func unless(action v1beta1.NodeFailureAction, codes ...int32) v1beta1.NodeFailureRule {
	return v1beta1.NodeFailureRule{Action: action, OnExitCodes: v1beta1.ExitCodes{Operator: v1beta1.ExitCodeNotIn, Values: codes}}
}

// ruled is a Job with these rules whose template is gated.
func ruled(rules ...v1beta1.NodeFailureRule) *wrappers.JobWrapper { return withRules(once(), rules...) }

func withRules(j *wrappers.JobWrapper, rules ...v1beta1.NodeFailureRule) *wrappers.JobWrapper {
	j.Spec.NodeFailurePolicy = &v1beta1.NodeFailurePolicy{Rules: rules}
	return j
}

func withNodeDeadline(j *wrappers.JobWrapper, seconds int64) *wrappers.JobWrapper {
	j.Spec.NodeDeadlineSeconds = &seconds
	return j
}

func withRetries(j *wrappers.JobWrapper, n int32) *wrappers.JobWrapper {
	j.Spec.RetryFailed = &n
	return j
}

// exited lets a container end with this code, so many seconds ago, after a second. The kubelet
// has started it again.
func exited(w *wrappers.PodWrapper, container string, code int32, secondsAgo int) *wrappers.PodWrapper {
	at := now.Add(-time.Duration(secondsAgo) * time.Second)
	for _, statuses := range [][]corev1.ContainerStatus{w.Pod.Status.InitContainerStatuses, w.Pod.Status.ContainerStatuses} {
		for i := range statuses {
			if statuses[i].Name == container {
				statuses[i].RestartCount++
				statuses[i].LastTerminationState.Terminated = &corev1.ContainerStateTerminated{
					ExitCode: code, StartedAt: metav1.NewTime(at.Add(-time.Second)), FinishedAt: metav1.NewTime(at),
				}
			}
		}
	}
	return w
}

// exits is a pod in Log mode whose container ended with this code and runs again.
func exits(node string, code int32) *wrappers.PodWrapper {
	return exited(pod(node), v1beta1.ContainerName, code, 5)
}

// sandboxed sets what the kubelet says of the pod's sandbox, and since when.
func sandboxed(w *wrappers.PodWrapper, status corev1.ConditionStatus, secondsAgo int) *wrappers.PodWrapper {
	w.Pod.Status.Conditions = append(w.Pod.Status.Conditions, corev1.PodCondition{
		Type: corev1.PodReadyToStartContainers, Status: status, LastTransitionTime: metav1.NewTime(now.Add(-time.Duration(secondsAgo) * time.Second)),
	})
	return w
}

// bound sets when the pod was bound to its node.
func bound(w *wrappers.PodWrapper, secondsAgo int) *wrappers.PodWrapper {
	w.Pod.Status.Conditions = append(w.Pod.Status.Conditions, corev1.PodCondition{
		Type: corev1.PodScheduled, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(now.Add(-time.Duration(secondsAgo) * time.Second)),
	})
	return w
}

// recordable is the State of a Job whose pages are known to be empty.
func recordable(j *wrappers.JobWrapper, pods ...*wrappers.PodWrapper) State {
	s := stateWith(j, gatedDaemonSet(int32(len(pods)), int32(len(pods))), pods...)
	s.Records.Known = true
	return s
}

// afterwards is the State after a Plan is done, with these pods.
func afterwards(s State, p Plan, pods ...*wrappers.PodWrapper) State {
	j := &wrappers.JobWrapper{Job: *s.Job.DeepCopy()}
	if p.Status != nil {
		j.Job.Status = p.Status.Status
	}
	next := recordable(j, pods...)
	next.Now, next.Guard = s.Now, s.Guard
	next.Records.Unwritten, next.Records.Pages = p.Unwritten, s.Records.Pages
	if len(p.Pages) > 0 {
		next.Records = next.Records.Written(p.Pages, p.Later, s.Now)
	}
	next.index()
	return next
}

// pageEntries are the entries that a Plan writes.
func pageEntries(p Plan) []v1beta1.NodeRecord {
	var entries []v1beta1.NodeRecord
	for _, page := range p.Pages {
		entries = append(entries, page.Spec.Nodes...)
	}
	return entries
}
