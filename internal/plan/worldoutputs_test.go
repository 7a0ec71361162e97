package plan

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// outputKept says that a page has what a pod printed.
const outputKept = "output kept"

// someResults returns which outputs a user asks for.
func (w *world) someResults() *v1beta1.Results {
	return []*v1beta1.Results{nil, {Outputs: v1beta1.OutputsNone}, {Outputs: v1beta1.OutputsFailed}, {Outputs: v1beta1.OutputsAll}, {Outputs: v1beta1.OutputsAll}}[w.random.IntN(5)]
}

// asksForOutput returns whether pods of the DaemonSet's template ask for their output.
func asksForOutput(ds *appsv1.DaemonSet) bool {
	return ds.Spec.Template.Annotations[v1beta1.AnnotationOutputBytes] != ""
}

// output returns what the pod prints once it is done.
func (p *simPod) output() string { return fmt.Sprintf("%s on %s", p.uid, p.node) }

// readOutput adds the output of a pod that is done as Kubernetes and the terminator report it.
func (p *simPod) readOutput(pod *wrappers.PodWrapper) {
	if p.asks {
		pod.Asks(int(v1beta1.DefaultMaxOutputBytes))
	}
	switch {
	case p.done && p.exit:
		pod.Printed("work", p.output())
	case p.done && p.asks:
		pod.Logged(p.output())
	}
}

// checkOutputs checks the outputs of a page: each is what a pod printed on that node, and one
// that the API server had before stays.
func (w *world) checkOutputs(page, before *v1beta1.JobRecord) {
	for i := range page.Spec.Nodes {
		entry := &page.Spec.Nodes[i]
		if before != nil && i < len(before.Spec.Nodes) {
			if !equality.Semantic.DeepEqual(*entry, before.Spec.Nodes[i]) {
				w.breaks("page %s: entry %v became %v", page.Name, before.Spec.Nodes[i], *entry)
			}
			continue
		}
		if entry.Output == "" || entry.Result != v1beta1.RecordSucceeded {
			continue
		}
		w.count[outputKept]++
		if w.printed[entry.Output] != entry.NodeUID {
			w.breaks("page %s has the output %q of node %s, which printed none", page.Name, entry.Output, entry.Node)
		}
	}
}

// checkResults checks that a Job which asks for results is not over before all its nodes are in
// a page.
func (w *world) checkResults(s *State, succeeded int32) {
	if !keepsResults(&s.Job.Spec) {
		return
	}
	done := int32(0)
	for i := range s.Nodes {
		if entry := w.recordOf(s.Job.UID, s.run(), s.Nodes[i].UID); entry != nil && entry.Result == v1beta1.RecordSucceeded {
			done++
		}
	}
	if done < succeeded {
		w.breaks("the Job is over, and of %d nodes that are done %d are recorded", succeeded, done)
	}
}
