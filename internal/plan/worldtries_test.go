package plan

import (
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// tries are what the entries of a run say about a node since the Job was resumed.
type tries struct {
	skipped, forGood bool
	// failed are the pods whose work failed, by their UIDs.
	failed map[types.UID]bool
}

// any returns whether there is an entry.
func (t *tries) any() bool { return t.skipped || t.forGood || len(t.failed) > 0 }

// triesOf returns what the API server's pages say of a machine in the present run, once it has
// those that are planned.
func (w *world) triesOf(s *State, m *machine, planned []*v1beta1.JobRecord) tries {
	t, retried := tries{failed: map[types.UID]bool{}}, s.retryTime()
	for _, page := range slices.Concat(w.pages, planned) {
		if !isPageOf(page, s.Job.UID) || page.Spec.Run != s.run() {
			continue
		}
		for i := range page.Spec.Nodes {
			entry := &page.Spec.Nodes[i]
			switch {
			case entry.NodeUID != m.UID:
			case entry.Result == v1beta1.RecordSkipped:
				t.skipped = true
			case entry.Result == v1beta1.RecordSucceeded || retried != nil && entry.EndTime.Before(retried):
			case entry.Reason == v1beta1.ReasonNodeFailurePolicy:
				t.forGood = true
			default:
				t.failed[entry.PodUID] = true
			}
		}
	}
	return t
}

// remembered returns a page of the entries that the manager remembers. It may be refused.
func remembered(job *v1beta1.Job, entries Entries) []*v1beta1.JobRecord {
	page := newPage(job, 0, entries.Run)
	page.Spec.Nodes = entries.Nodes
	return []*v1beta1.JobRecord{page}
}

func (w *world) tryOf(s *State, m *machine) try {
	t := try{job: s.Job.UID, machine: m.UID, run: s.run()}
	if retried := s.retryTime(); retried != nil {
		t.since = retried.Unix()
	}
	return t
}

// isRuledOut returns whether a page says that a rule skips the pod's node, or fails it for good.
func (w *world) isRuledOut(s *State, p *simPod) bool {
	m := w.machine(p.node)
	if m == nil {
		return false
	}
	t := w.triesOf(s, m, nil)
	return t.skipped || t.forGood
}

// checkTry checks that no node runs again that is skipped or failed for good, that none is tried
// more often than the Job allows, and that a node is tried again after all others.
func (w *world) checkTry(s *State, p *simPod) {
	m := w.machine(p.node)
	if m == nil {
		return
	}
	t := w.triesOf(s, m, nil)
	switch n := max(len(t.failed), len(w.rules.stops[w.tryOf(s, m)])); {
	case t.skipped:
		w.breaks("%s was ungated, although its node %s is skipped", p.uid, p.node)
	case t.forGood:
		w.breaks("%s was ungated, although its node %s failed for good", p.uid, p.node)
	case n > retries(s):
		w.breaks("%s was ungated for try %d of node %s, which has %d retries", p.uid, n+1, p.node, retries(s))
	case n > 0:
		w.count[triedAgain]++
		w.checkLast(*s, p)
	}
}

// checkLast checks that all nodes of the Job are finished, as far as the manager knows the nodes,
// when it tries one again: done, skipped, failed for good, or in another try themselves.
func (w *world) checkLast(s State, again *simPod) {
	if w.job == nil || w.job.UID != s.Job.UID {
		return // Its records went with it, and its pods follow.
	}
	s.index()
	for _, member := range s.membership().members {
		m := w.machine(member.node.Name)
		if m == nil || m.UID != member.node.UID || m.Name == again.node || w.worked[work{s.Job.UID, s.TemplateHash, m.UID}] {
			continue
		}
		t := w.triesOf(&s, m, remembered(s.Job, w.manager.memory.records.Unwritten))
		failed := slices.ContainsFunc(s.Pods, func(p Pod) bool { return p.Node == m.Name && p.WorkFailed && p.Restarts > w.limit })
		if !t.skipped && !t.forGood && len(t.failed) == 0 && !failed {
			w.breaks("node %s is tried again in %s, while node %s is not finished", again.node, again.uid, m.Name)
		}
	}
}
