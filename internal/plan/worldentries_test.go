package plan

import (
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// checkEntries checks that the entries of a page from this one on say what happened on the nodes.
func (w *world) checkEntries(s *State, page *v1beta1.JobRecord, from int) {
	job := types.UID(page.Labels[v1beta1.LabelJobUID])
	for i := from; i < len(page.Spec.Nodes); i++ {
		entry := &page.Spec.Nodes[i]
		switch {
		case entry.Result == v1beta1.RecordSkipped:
			w.count[skipped]++
			w.checkRule(job, page.Spec.Run, entry, v1beta1.NodeActionSkip)
		case entry.Reason == v1beta1.ReasonNodeFailurePolicy:
			w.count[failedForGood]++
			w.checkRule(job, page.Spec.Run, entry, v1beta1.NodeActionFail, v1beta1.NodeActionFailJob)
		case entry.Reason == v1beta1.ReasonNodeDeadlineExceeded:
			w.count[pastDeadline]++
			if late := w.lateBy(job, entry.PodUID); late < 0 {
				w.breaks("page %s: %s on %s is past no deadline: %v", page.Name, entry.PodUID, entry.Node, late)
			}
		}
		if entry.Result == v1beta1.RecordFailed && page.Spec.Run == s.run() {
			w.checkTryNumber(s, page, i)
		}
	}
}

// checkRule checks that the pod of an entry ended with its exit code, was started again after that
// in the same sandbox, and that the first rule for the code was one of these.
func (w *world) checkRule(job types.UID, run v1beta1.JobRun, entry *v1beta1.NodeRecord, actions ...v1beta1.NodeFailureAction) {
	if entry.ExitCode == nil || entry.Reason != v1beta1.ReasonNodeFailurePolicy {
		w.breaks("entry %+v has no exit code, or another reason than the policy", entry)
		return
	}
	for _, happened := range w.rules.exits[work{job, run.TemplateHash, entry.NodeUID}] {
		if happened != (exit{entry.PodUID, *entry.ExitCode}) {
			continue
		}
		for _, policy := range w.rules.policies[job] {
			for _, action := range actions {
				if actionFor(policy, happened.code) == action {
					return
				}
			}
		}
	}
	w.breaks("entry %+v: no such exit of pod %s with %d on %s, or no rule says so", entry, entry.PodUID, *entry.ExitCode, entry.Node)
}

// checkTryNumber checks that tries are counted from 1 since the Job was resumed, one for each pod.
func (w *world) checkTryNumber(s *State, page *v1beta1.JobRecord, at int) {
	entry, retried := &page.Spec.Nodes[at], s.retryTime()
	if entry.Try == 0 || retried != nil && entry.EndTime.Before(retried) {
		return
	}
	var last *v1beta1.NodeRecord
	see := func(other *v1beta1.NodeRecord) {
		if other.NodeUID == entry.NodeUID && other.Result == v1beta1.RecordFailed && (retried == nil || !other.EndTime.Before(retried)) {
			last = other
		}
	}
	for _, other := range w.pages {
		for i := range other.Spec.Nodes {
			if other.Name != page.Name && isPageOf(other, s.Job.UID) && other.Spec.Run == page.Spec.Run {
				see(&other.Spec.Nodes[i])
			}
		}
	}
	for i := range at {
		see(&page.Spec.Nodes[i])
	}
	want := int32(1)
	if last != nil {
		if want = last.Try; last.PodUID != entry.PodUID {
			want++
		}
	}
	if entry.Try != want {
		w.breaks("page %s: the failure of %s on %s is try %d, want %d", page.Name, entry.PodUID, entry.Node, entry.Try, want)
	}
}
