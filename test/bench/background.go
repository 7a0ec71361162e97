package main

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// background is work that runs while a case is measured, in a namespace of its own.
type background struct {
	objects  []client.Object
	progress *progressWatcher
	began    time.Time
	pods     int
}

// startBackground starts the background of a case, and returns when a tenth of its nodes
// are done: the rest keeps the cluster busy. It returns nil if the case has none. create
// returns the object of a workload, and jobs is an empty list of the Jobs' kind.
func (e *env) startBackground(ctx context.Context, s scenario, jobs client.ObjectList, create func(w workload, namespace string) client.Object) (*background, error) {
	if s.background == nil {
		return nil, nil
	}
	all := s.background(e.nodes)
	b := &background{pods: podCount(all)}
	var err error
	if b.progress, err = watchProgress(ctx, e.client, namespaceBackground, jobs); err != nil {
		return nil, err
	}
	for _, w := range all {
		b.objects = append(b.objects, create(w, namespaceBackground))
	}
	if b.began, err = e.create(ctx, b.objects); err != nil {
		return nil, err
	}
	return b, b.progress.await(ctx, caseTimeout, "a tenth of the other nodes are done", func(p *progressWatcher) bool { return p.done >= b.pods/10 })
}

// await waits until all nodes of the background are done, and returns how many seconds
// that took. For no background it returns 0.
func (b *background) await(ctx context.Context) (float64, error) {
	if b == nil {
		return 0, nil
	}
	err := b.progress.await(ctx, caseTimeout, "all other nodes are done", func(p *progressWatcher) bool { return p.done >= b.pods })
	return b.progress.lastDone().Sub(b.began).Seconds(), err
}

// remove deletes the background, and waits until it is gone.
func (e *env) remove(ctx context.Context, b *background) error {
	if b == nil {
		return nil
	}
	if err := e.deleteAll(ctx, b.objects); err != nil {
		return err
	}
	return b.progress.await(ctx, caseTimeout, "the other pods are gone", nothingLeft)
}

// deleteAll deletes the objects, and leaves their pods to the garbage collector.
func (e *env) deleteAll(ctx context.Context, objects []client.Object) error {
	for _, object := range objects {
		err := e.client.Delete(ctx, object, client.PropagationPolicy(metav1.DeletePropagationBackground))
		if client.IgnoreNotFound(err) != nil {
			return err
		}
	}
	return nil
}
