package job

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	"github.com/darkowlzz/daemonset-job/internal/plan"
	"github.com/darkowlzz/daemonset-job/internal/podcache"
)

// pageSize is how many objects a live list holds in memory at once. What matters of
// a page is read, and the page is dropped: whole pods of 15,000 nodes would need
// more memory than the manager has.
const pageSize = 500

// pageBytes bounds a page of pods by the Job's largest one. Go needs many times as much
// memory to decode a page.
const pageBytes = 3 << 20

// podPageSize returns how many pods a page holds if the largest one has so many bytes.
func podPageSize(largest int) int64 {
	if largest == 0 {
		return pageSize
	}
	return min(pageSize, max(2, pageBytes/int64(largest)))
}

// listPods lists all pods with the Job's labels live, whoever controls them.
func (r *Reconciler) listPods(ctx context.Context, job *v1beta1.Job) ([]plan.Pod, error) {
	var pods []plan.Pod
	list := &corev1.PodList{}
	size := podPageSize(r.podIndex.largest(client.ObjectKeyFromObject(job)))
	err := r.eachPage(ctx, size, list, func() {
		for i := range list.Items {
			// The same fields as the cache's: both must say the same.
			pods = append(pods, plan.ReadPod(podcache.Bounded(&list.Items[i])))
		}
	}, client.InNamespace(job.Namespace), client.MatchingLabels(v1beta1.PodLabels(job.Name)))
	if err != nil {
		return nil, fmt.Errorf("listing pods: %w", err)
	}
	return pods, nil
}

// listNodes lists all nodes live, with their placement for a pod template.
func (r *Reconciler) listNodes(ctx context.Context, template *corev1.PodTemplateSpec) ([]plan.Node, error) {
	var nodes []plan.Node
	list, placer := &corev1.NodeList{}, daemonset.NewPlacer(template)
	err := r.eachPage(ctx, pageSize, list, func() {
		for i := range list.Items {
			nodes = append(nodes, plan.ReadNode(&list.Items[i], placer))
		}
	})
	if err != nil {
		return nil, fmt.Errorf("listing nodes: %w", err)
	}
	return nodes, nil
}

// eachPage lists objects live, and calls read for each page of so many of them.
func (r *Reconciler) eachPage(ctx context.Context, size int64, list client.ObjectList, read func(), options ...client.ListOption) error {
	for token := ""; ; {
		if err := r.apiReader.List(ctx, list, append(options, client.Limit(size), client.Continue(token))...); err != nil {
			return err
		}
		read()
		if token = list.GetContinue(); token == "" {
			return nil
		}
	}
}
