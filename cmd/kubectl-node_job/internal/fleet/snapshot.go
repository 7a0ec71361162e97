package fleet

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	"github.com/darkowlzz/daemonset-job/internal/plan"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/verdict"
)

// Snapshot is a Job and what says how far its nodes are.
type Snapshot struct {
	Job *v1beta1.Job
	// Deleted says that the Job is gone. Job is then its last state that was seen.
	Deleted bool
	// Unseen says that no watch reported the deletion: the Job may have changed after its last state.
	Unseen    bool
	DaemonSet *appsv1.DaemonSet
	Pods      []*corev1.Pod
	Nodes     []*corev1.Node
	Records   []*v1beta1.JobRecord
	// denied are the kinds that the user may not read, or that the cluster does not have.
	denied map[string]bool
	// absent are those of them that the cluster does not have.
	absent map[string]bool
	// recorded says that the nodes are those that Records name, whatever the cluster has.
	recorded bool
	// byUID are Pods, once one was looked up.
	byUID map[types.UID]*corev1.Pod
}

// Read returns a Snapshot of the Job, by one list of each kind.
func (c *Client) Read(ctx context.Context, name string) (*Snapshot, error) {
	job, err := c.Job(ctx, name)
	if err != nil {
		return nil, err
	}
	return c.Around(ctx, job)
}

// Around returns a Snapshot of a Job that was read, or that is not there yet.
func (c *Client) Around(ctx context.Context, job *v1beta1.Job) (*Snapshot, error) {
	return c.read(ctx, job, c.sources(job, false)[1:])
}

func (c *Client) read(ctx context.Context, job *v1beta1.Job, sources []source) (*Snapshot, error) {
	s := &Snapshot{Job: job, denied: map[string]bool{}, absent: map[string]bool{}}
	for _, source := range sources {
		list, err := source.list(ctx, metav1.ListOptions{})
		if isDenied(err) {
			s.denied[source.kind], s.absent[source.kind] = true, isNoKind(err)
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", source.kind, err)
		}
		if err := meta.EachListItem(list, func(object runtime.Object) error { s.add(object); return nil }); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// isDenied returns whether the user may not read a kind, or the cluster does not have it.
func isDenied(err error) bool { return apierrors.IsForbidden(err) || apierrors.IsNotFound(err) }

func (s *Snapshot) add(object any) {
	switch object := object.(type) {
	case *appsv1.DaemonSet:
		s.DaemonSet = object
	case *corev1.Pod:
		s.Pods = append(s.Pods, object)
	case *corev1.Node:
		s.Nodes = append(s.Nodes, object)
	case *v1beta1.JobRecord:
		s.Records = append(s.Records, object)
	}
}

// Missing says what the user may not read, or what the operator is too old for, and what is not
// shown for it. Empty if all was read.
func (s *Snapshot) Missing() []string {
	var lines []string
	for _, missing := range []struct{ kind, effect string }{
		{kindNode, "nodes without a pod and without a record are not shown"},
		{kindPod, "only recorded and failed nodes are shown as such"},
		{kindRecord, "nodes whose pod is gone are not shown as done"},
	} {
		switch {
		case s.absent[missing.kind]:
			lines = append(lines, fmt.Sprintf("The cluster has no %s, since its operator is older: %s", missing.kind, missing.effect))
		case s.denied[missing.kind]:
			lines = append(lines, fmt.Sprintf("You may not list %s: %s", missing.kind, missing.effect))
		}
	}
	return lines
}

// Views returns what is known of each node.
func (s *Snapshot) Views(now time.Time) []plan.NodeView {
	return plan.View(s.state(now, s.Job.Status.TemplateHash))
}

// state returns what the manager decides on, for the template of this hash.
func (s *Snapshot) state(now time.Time, hash string) plan.State {
	state := plan.State{
		Job: s.Job, Now: now, TemplateHash: hash, DaemonSet: s.owner(), Live: true,
		Records: plan.Records{Known: !s.denied[kindRecord], Pages: slices.Clone(s.Records)},
	}
	plan.SortPages(state.Records.Pages)
	for _, pod := range s.Pods {
		state.Pods = append(state.Pods, plan.ReadPod(pod))
	}
	state.Nodes = s.nodes()
	return state
}

// owner returns the DaemonSet. A user who may not read it has the pods of the present run, which
// name it.
func (s *Snapshot) owner() *appsv1.DaemonSet {
	if !s.denied[kindDaemonSet] {
		if s.DaemonSet == nil || !metav1.IsControlledBy(s.DaemonSet, s.Job) {
			return nil
		}
		return s.DaemonSet
	}
	for _, pod := range s.Pods {
		owner := metav1.GetControllerOf(pod)
		if owner != nil && owner.Name == v1beta1.DaemonSetName(s.Job.Name) && pod.Labels[v1beta1.LabelTemplateHash] == s.Job.Status.TemplateHash {
			return &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Name: owner.Name, UID: owner.UID}}
		}
	}
	return nil
}

// nodes returns the nodes, with their placement for the Job's pods. A user who may not read
// nodes has those that pods and records name.
func (s *Snapshot) nodes() []plan.Node {
	if s.recorded || s.denied[kindNode] {
		return s.namedNodes()
	}
	placer, err := s.placer()
	if err != nil {
		return s.namedNodes()
	}
	nodes := make([]plan.Node, 0, len(s.Nodes))
	for _, node := range s.Nodes {
		nodes = append(nodes, plan.ReadNode(node, placer))
	}
	slices.SortFunc(nodes, func(a, b plan.Node) int { return cmp.Compare(a.Name, b.Name) })
	return nodes
}

// placer returns the Placer of the Job's pods. Where they go does not depend on the hash.
func (s *Snapshot) placer() (*daemonset.Placer, error) {
	desired, err := daemonset.Desired(s.Job, s.Job.Status.TemplateHash, daemonset.Pause{})
	if err != nil {
		return nil, err
	}
	return daemonset.NewPlacer(&desired.Spec.Template), nil
}

func (s *Snapshot) namedNodes() []plan.Node {
	uids := map[string]types.UID{}
	for _, pod := range s.Pods {
		if name := plan.NodeName(pod); name != "" {
			uids[name] = types.UID("pod/" + name)
		}
	}
	for i := range s.Job.Status.FailedNodes {
		name := s.Job.Status.FailedNodes[i].Node
		uids[name] = types.UID("failed/" + name)
	}
	pages := slices.Clone(s.Records)
	plan.SortPages(pages) // Of two machines of one name the last one holds.
	for _, page := range pages {
		for i := range page.Spec.Nodes {
			uids[page.Spec.Nodes[i].Node] = page.Spec.Nodes[i].NodeUID
		}
	}
	nodes := make([]plan.Node, 0, len(uids))
	for name, uid := range uids {
		nodes = append(nodes, plan.Node{Name: name, UID: uid, Placement: daemonset.Placed})
	}
	slices.SortFunc(nodes, func(a, b plan.Node) int { return strings.Compare(a.Name, b.Name) })
	return nodes
}

// Verdict returns what became of the Job.
func (s *Snapshot) Verdict() verdict.Verdict {
	if s.Deleted {
		return verdict.Deleted(s.Job, s.Unseen)
	}
	return verdict.Of(s.Job)
}

// PodOf returns the pod that says most about the work on a node, nil if there is none.
func (s *Snapshot) PodOf(view *plan.NodeView) *corev1.Pod {
	if view.Pod == nil {
		return nil
	}
	if s.byUID == nil {
		s.byUID = make(map[types.UID]*corev1.Pod, len(s.Pods))
		for _, pod := range s.Pods {
			s.byUID[pod.UID] = pod
		}
	}
	return s.byUID[view.Pod.UID]
}
