package main

import (
	"cmp"
	"context"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// watch watches the pods of a namespace until the context ends. An informer is not
// suitable: after a gap in the watch it reports all pods in any order, which looks like
// states that never were.
func (w *invariantWatcher) watch(ctx context.Context, cluster client.WithWatch, namespace string) {
	for ctx.Err() == nil {
		pods := &corev1.PodList{}
		if err := cluster.List(ctx, pods, client.InNamespace(namespace)); err != nil {
			time.Sleep(100 * time.Millisecond)
			continue
		}
		w.replace(pods.Items)
		events, err := watchFrom(ctx, cluster, &corev1.PodList{}, namespace, pods.ResourceVersion)
		if err != nil {
			continue
		}
		for e := range events.ResultChan() {
			if pod, ok := e.Object.(*corev1.Pod); ok {
				w.record(pod, e.Type == watch.Deleted)
				continue
			}
			events.Stop() // The watch is too old for the API server, so list again.
		}
	}
}

// replace replaces all known pods by those of one list.
func (w *invariantWatcher) replace(pods []corev1.Pod) {
	there := map[types.UID]bool{}
	for i := range pods {
		there[pods[i].UID] = true
	}
	w.mu.Lock()
	var gone []*corev1.Pod
	for uid, pod := range w.pods {
		if !there[uid] {
			gone = append(gone, pod)
		}
	}
	w.mu.Unlock()
	for _, pod := range gone {
		w.record(pod, true)
	}
	// Slots must be freed before others are taken: the gap hides the real order.
	order := map[bool]int{false: 0, true: 1}
	slices.SortStableFunc(pods, func(a, b corev1.Pod) int { return cmp.Compare(order[takesSlot(&a)], order[takesSlot(&b)]) })
	for i := range pods {
		w.record(&pods[i], false)
	}
}
