package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// progressWatcher records when the pods and Jobs of a namespace change their state, as
// a watch reports it.
type progressWatcher struct {
	mu      sync.Mutex
	changed chan struct{}
	pods    map[types.UID]podState
	// working counts the pods that work now, and mostWorking is the highest such count
	// so far.
	working, mostWorking int
	// done counts the pods that have done their work, and marked those that the
	// terminator has marked.
	done, marked int
	// lastWorked is when the last pod finished its work, and lastMarked when the last
	// pod was marked.
	lastWorked, lastMarked time.Time
	// completedAt holds when each Job became complete, and exists whether it exists.
	completedAt map[string]time.Time
	exists      map[string]bool
	// watchErr is the error that ended a watch.
	watchErr error
}

type podState int

const (
	waiting podState = iota
	working
	finished
	marked
)

// stateOf returns the state of a pod. A simulated pod has done its work when its phase is
// Running or Succeeded.
func stateOf(pod *corev1.Pod) podState {
	switch {
	case v1beta1.PodIsCompleted(pod):
		return marked
	case pod.Status.Phase == corev1.PodRunning, pod.Status.Phase == corev1.PodSucceeded:
		return finished
	case len(pod.Spec.SchedulingGates) > 0 || pod.Spec.NodeName == "":
		return waiting
	}
	return working
}

// watchProgress watches the pods and the Jobs of a namespace until the context ends.
// jobs is an empty list of the Jobs' kind.
func watchProgress(ctx context.Context, cluster client.WithWatch, namespace string, jobs client.ObjectList) (*progressWatcher, error) {
	p := &progressWatcher{
		changed: make(chan struct{}, 1), pods: map[types.UID]podState{},
		completedAt: map[string]time.Time{}, exists: map[string]bool{},
	}
	for _, list := range []client.ObjectList{&corev1.PodList{}, jobs} {
		events, err := listAndWatch(ctx, cluster, list, namespace)
		if err != nil {
			return nil, fmt.Errorf("watching %T: %w", list, err)
		}
		go func() {
			for e := range events.ResultChan() {
				p.record(e, time.Now())
			}
		}()
	}
	return p, nil
}

// listAndWatch watches the objects of a kind from now on. The API server ends a watch
// that is too slow, and the next watch continues at the same resourceVersion.
func listAndWatch(ctx context.Context, cluster client.WithWatch, list client.ObjectList, namespace string) (watch.Interface, error) {
	if err := cluster.List(ctx, list, client.InNamespace(namespace)); err != nil {
		return nil, err
	}
	return watchFrom(ctx, cluster, list, namespace, list.GetResourceVersion())
}

// watchFrom watches the objects of the list's kind from a resourceVersion on.
func watchFrom(ctx context.Context, cluster client.WithWatch, list client.ObjectList, namespace, version string) (watch.Interface, error) {
	return watchtools.NewRetryWatcherWithContext(ctx, version, &cache.ListWatch{
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			return cluster.Watch(ctx, list, &client.ListOptions{Namespace: namespace, Raw: &options})
		},
	})
}

func (p *progressWatcher) record(e watch.Event, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.Type == watch.Error {
		p.watchErr = fmt.Errorf("watching: %w", apierrors.FromObject(e.Object))
	}
	switch object := e.Object.(type) {
	case *corev1.Pod:
		p.recordPod(object, e.Type == watch.Deleted, now)
	case *v1beta1.Job:
		finished := object.Finished()
		p.recordJob(object.Name, e.Type == watch.Deleted, finished != nil && finished.Type == v1beta1.JobComplete, now)
	case *unstructured.Unstructured:
		p.recordJob(object.GetName(), e.Type == watch.Deleted, broadcastJobComplete(object), now)
	}
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

func (p *progressWatcher) recordJob(name string, deleted, complete bool, now time.Time) {
	p.exists[name] = !deleted
	if complete && p.completedAt[name].IsZero() {
		p.completedAt[name] = now
	}
}

func (p *progressWatcher) recordPod(pod *corev1.Pod, deleted bool, now time.Time) {
	before, known := p.pods[pod.UID]
	after := stateOf(pod)
	if deleted {
		delete(p.pods, pod.UID)
	} else {
		p.pods[pod.UID] = after
	}
	if known && before == working {
		p.working--
	}
	if !deleted && after == working {
		p.working++
		p.mostWorking = max(p.mostWorking, p.working)
	}
	if deleted || known && before == after {
		return
	}
	if after >= finished && before < finished {
		p.done++
		p.lastWorked = now
	}
	if after == marked {
		p.marked++
		p.lastMarked = now
	}
}

// await waits until a condition holds. It checks the condition under the lock.
func (p *progressWatcher) await(ctx context.Context, limit time.Duration, what string, condition func(*progressWatcher) bool) error {
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	for {
		p.mu.Lock()
		ok, err, state := condition(p), p.watchErr, fmt.Sprintf("%d pods, %d done, %d Jobs complete", len(p.pods), p.done, len(p.completedAt))
		p.mu.Unlock()
		if ok {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case <-p.changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-timeout.C:
			return fmt.Errorf("timed out after %s, waiting until %s (%s)", limit, what, state)
		}
	}
}
