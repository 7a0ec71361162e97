package job

import (
	"context"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	"github.com/darkowlzz/daemonset-job/internal/livelist"
	"github.com/darkowlzz/daemonset-job/internal/nodecache"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// listNodes returns the nodes with their placement for a pod template, as the API server has them:
// those that the template may select, those that were the Job's own, and those of the pods. Others are as in
// the cache: a Job on ten nodes needs no list of thousands.
func (r *Reconciler) listNodes(ctx context.Context, template *corev1.PodTemplateSpec, own []plan.Node, pods []plan.Pod) (nodes []plan.Node, others map[string]*plan.Node, err error) {
	placer := daemonset.NewPlacer(template)
	listed, err := r.listNodeVersions(ctx, placer)
	if err != nil {
		return nil, nil, err
	}
	return r.nodesIn(ctx, listed, placer, own, pods)
}

// listedNodes are the nodes that the API server has listed.
type listedNodes struct {
	versions []livelist.Version
	// cached are those that the cache has, or had while the list was open, and stale are the others.
	cached []*nodecache.Node
	stale  []livelist.Version
}

// listNodeVersions lists the nodes that a template may select, and compares them with the cache.
func (r *Reconciler) listNodeVersions(ctx context.Context, placer *daemonset.Placer) (listed listedNodes, err error) {
	defer r.nodeIndex.replaced.Begin()()
	listed.versions, err = livelist.Versions(ctx, r.apiReader, versionsPageSize, corev1.SchemeGroupVersion.WithKind("NodeList"),
		client.MatchingLabelsSelector{Selector: placer.Selector()})
	if err != nil {
		return listed, fmt.Errorf("listing nodes: %w", err)
	}
	listed.cached, listed.stale, err = livelist.Current(ctx, listed.versions, r.nodeIndex.inVersions)
	return listed, err
}

// nodesIn returns the nodes that were listed, as listNodes does.
func (r *Reconciler) nodesIn(ctx context.Context, listed listedNodes, placer *daemonset.Placer, own []plan.Node, pods []plan.Pod) (nodes []plan.Node, others map[string]*plan.Node, err error) {
	stale := append(livelist.Names(listed.stale), notListed(listed.versions, own, pods)...)
	if len(stale) > maxReadByName {
		nodes, err = r.readNodes(ctx, placer)
		return nodes, nil, err
	}
	nodes, others = placeNodes(listed.cached, placer), r.nodeIndex.all()
	read, err := readByName(ctx, stale, readersByName, func(ctx context.Context, name string) ([]plan.Node, error) {
		return r.readNodes(ctx, placer, client.MatchingFields{metav1.ObjectNameField: name})
	})
	if err != nil {
		return nil, nil, err
	}
	for i, name := range stale {
		if nodes = append(nodes, read[i]...); len(read[i]) == 0 && others[name] != nil {
			others = maps.Clone(others)
			delete(others, name)
		}
	}
	return nodes, others, nil
}

// readNodes reads nodes whole from the API server.
func (r *Reconciler) readNodes(ctx context.Context, placer *daemonset.Placer, options ...client.ListOption) ([]plan.Node, error) {
	nodes, err := livelist.Each(ctx, r.apiReader, pageSize, &corev1.NodeList{}, func(nodes []plan.Node, list *corev1.NodeList) []plan.Node {
		for i := range list.Items {
			nodes = append(nodes, plan.ReadNode(&list.Items[i], placer))
		}
		return nodes
	}, options...)
	if err != nil {
		return nil, fmt.Errorf("reading nodes: %w", err)
	}
	return nodes, nil
}
