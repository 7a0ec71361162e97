package main

import (
	"context"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// watch watches all kinds of objects of the history until the context ends.
func (h *recordHistory) watch(ctx context.Context, cluster client.WithWatch, namespace string) {
	go follow(ctx, h, cluster, &v1beta1.JobList{}, namespace, h.jobs, func(j *jobHistory) *life { return &j.life })
	go follow(ctx, h, cluster, &v1beta1.JobRecordList{}, namespace, h.pages, func(p *pageHistory) *life { return &p.life })
	go follow(ctx, h, cluster, &appsv1.DaemonSetList{}, namespace, h.daemonSets, func(d *daemonSetHistory) *life { return &d.life })
	go follow(ctx, h, cluster, &corev1.PodList{}, namespace, h.pods, func(p *podHistory) *life { return &p.life })
	go follow(ctx, h, cluster, &corev1.NodeList{}, "", h.nodes, func(n *nodeHistory) *life { return &n.life })
}

// follow lists the objects of a kind, and watches them from there on. It lists again when the
// API server no longer has the events that are next.
func follow[T any](ctx context.Context, h *recordHistory, cluster client.WithWatch, list client.ObjectList, namespace string, all map[types.UID]*T, lifeOf func(*T) *life) {
	for ctx.Err() == nil {
		now, _ := list.DeepCopyObject().(client.ObjectList)
		if err := cluster.List(ctx, now, client.InNamespace(namespace)); err != nil {
			time.Sleep(100 * time.Millisecond)
			continue
		}
		there := map[types.UID]bool{}
		_ = meta.EachListItem(now, func(item runtime.Object) error {
			object, _ := item.(client.Object)
			there[object.GetUID()] = true
			h.record(object, true)
			return nil
		})
		endMissing(h, all, lifeOf, there, revisionOf(now.GetResourceVersion()))
		events, err := watchFrom(ctx, cluster, list, namespace, now.GetResourceVersion())
		if err != nil {
			continue
		}
		for e := range events.ResultChan() {
			object, ok := e.Object.(client.Object)
			switch {
			case !ok:
				events.Stop() // The watch is too old for the API server, so list again.
			case e.Type == watch.Deleted:
				endOne(h, all, lifeOf, object)
			default:
				h.record(object, false)
			}
		}
	}
}

// endMissing records that the objects that a list does not have are gone. One that was seen
// later than the list is as the soak wrote it in the meantime.
func endMissing[T any](h *recordHistory, all map[types.UID]*T, lifeOf func(*T) *life, there map[types.UID]bool, at revision) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for uid, of := range all {
		if l := lifeOf(of); !there[uid] && l.created.happened() && l.seen <= at {
			l.end(moment{l.seen, at})
		}
	}
}

// endOne records the deletion of an object, which has the revision of that.
func endOne[T any](h *recordHistory, all map[types.UID]*T, lifeOf func(*T) *life, object client.Object) {
	h.mu.Lock()
	defer h.mu.Unlock()
	at := revisionOf(object.GetResourceVersion())
	lifeOf(known(all, object.GetUID())).end(moment{at - 1, at})
}
