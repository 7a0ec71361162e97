package job

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// otherReason stands for each reason of the condition Blocked that this version does not set.
const otherReason = "Other"

// blockedReasons are the reasons for which a Job is Blocked. Labels of a metric have few values,
// whatever another version or a user writes into a status.
var blockedReasons = []string{
	v1beta1.ReasonDaemonSetNameTaken, v1beta1.ReasonDaemonSetRefused, v1beta1.ReasonRecordRefused, v1beta1.ReasonGuardMissing,
	v1beta1.ReasonNotVouchedFor, v1beta1.ReasonUndecodable, v1beta1.ReasonNoMatchingNode, v1beta1.ReasonPodsRefused,
	v1beta1.ReasonPredecessorStopping, v1beta1.ReasonNodesNotReady, v1beta1.ReasonSlotsTaken, v1beta1.ReasonEndsAfterWord,
	v1beta1.ReasonReconcileFailed, v1beta1.ReasonPodsWaiting,
}

// nodeLabels are the labels of a number of nodes.
type nodeLabels struct {
	state  string
	policy v1beta1.CompletionPolicy
}

// jobCounts are the numbers of Jobs and of their nodes.
type jobCounts struct {
	phases  map[v1beta1.JobPhase]int
	blocked map[string]int
	nodes   map[nodeLabels]int32
}

// count returns the numbers of these Jobs. A number that is 0 is there too, since its absence
// would say that it is unknown.
func count(jobs []*v1beta1.Job) jobCounts {
	counts := jobCounts{
		phases: map[v1beta1.JobPhase]int{
			v1beta1.PhasePending: 0, v1beta1.PhaseRunning: 0, v1beta1.PhaseSuspended: 0, v1beta1.PhaseComplete: 0, v1beta1.PhaseFailed: 0,
		},
		blocked: map[string]int{otherReason: 0}, nodes: map[nodeLabels]int32{},
	}
	for _, reason := range blockedReasons {
		counts.blocked[reason] = 0
	}
	for _, policy := range []v1beta1.CompletionPolicy{v1beta1.CompletionAllNodes, v1beta1.CompletionNever} {
		counts.addNodes(policy, &v1beta1.JobStatus{})
	}
	for _, job := range jobs {
		counts.phases[cmp.Or(job.Status.Phase, v1beta1.PhasePending)]++
		counts.addNodes(cmp.Or(job.Spec.CompletionPolicy, v1beta1.CompletionAllNodes), &job.Status)
		if reason := blockedReason(job); reason != "" {
			counts.blocked[reason]++
		}
	}
	return counts
}

// addNodes adds the nodes of a Job with this completionPolicy.
func (c *jobCounts) addNodes(policy v1beta1.CompletionPolicy, status *v1beta1.JobStatus) {
	c.nodes[nodeLabels{"active", policy}] += status.Active
	c.nodes[nodeLabels{"succeeded", policy}] += status.Succeeded
	c.nodes[nodeLabels{"failed", policy}] += status.Failed
	c.nodes[nodeLabels{"waiting", policy}] += max(0, status.Desired-status.Active-status.Succeeded-status.Failed)
}

// blockedReason returns why the Job is blocked, or nothing if it is not, or finished.
func blockedReason(job *v1beta1.Job) string {
	blocked := meta.FindStatusCondition(job.Status.Conditions, v1beta1.JobBlocked)
	switch {
	case job.Finished() != nil || !meta.IsStatusConditionTrue(job.Status.Conditions, v1beta1.JobBlocked):
		return ""
	case slices.Contains(blockedReasons, blocked.Reason):
		return blocked.Reason
	}
	return otherReason
}
