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

// observer notes when the pods and Jobs of a namespace do what, as anybody sees it
// who watches them.
type observer struct {
	mu      sync.Mutex
	changed chan struct{}
	pods    map[types.UID]podState
	// working is how many pods work, and mostWorking how many have at once.
	working, mostWorking int
	// done is how many have done their work, and marked how many are marked for it.
	done, marked int
	// lastWorked is when the last pod's work was done, and lastMarked when the last
	// pod was marked for what its log says.
	lastWorked, lastMarked time.Time
	// complete says when each Job was, and there which Jobs are.
	complete map[string]time.Time
	there    map[string]bool
	// lost is why it sees no longer.
	lost error
}

type podState int

const (
	waiting podState = iota
	atWork
	finished
	marked
)

// stateOf a pod: the simulation ends the work when it starts the pod.
func stateOf(pod *corev1.Pod) podState {
	switch {
	case v1beta1.PodIsCompleted(pod):
		return marked
	case pod.Status.Phase == corev1.PodRunning, pod.Status.Phase == corev1.PodSucceeded:
		return finished
	case len(pod.Spec.SchedulingGates) > 0 || pod.Spec.NodeName == "":
		return waiting
	}
	return atWork
}

// observe the pods and the Jobs of a namespace until the context ends. jobs is an
// empty list of the latter.
func observe(ctx context.Context, cluster client.WithWatch, namespace string, jobs client.ObjectList) (*observer, error) {
	o := &observer{
		changed: make(chan struct{}, 1), pods: map[types.UID]podState{},
		complete: map[string]time.Time{}, there: map[string]bool{},
	}
	for _, list := range []client.ObjectList{&corev1.PodList{}, jobs} {
		events, err := follow(ctx, cluster, list, namespace)
		if err != nil {
			return nil, fmt.Errorf("watching %T: %w", list, err)
		}
		go func() {
			for e := range events.ResultChan() {
				o.note(e, time.Now())
			}
		}()
	}
	return o, nil
}

// follow what happens to objects of a kind from now on, in its order. The API
// server ends a watch that cannot keep up, and the next one goes on where it ended.
func follow(ctx context.Context, cluster client.WithWatch, list client.ObjectList, namespace string) (watch.Interface, error) {
	if err := cluster.List(ctx, list, client.InNamespace(namespace)); err != nil {
		return nil, err
	}
	return watchFrom(ctx, cluster, list, namespace, list.GetResourceVersion())
}

// watchFrom follows what happens to objects of the list's kind since a version.
func watchFrom(ctx context.Context, cluster client.WithWatch, list client.ObjectList, namespace, version string) (watch.Interface, error) {
	return watchtools.NewRetryWatcherWithContext(ctx, version, &cache.ListWatch{
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			return cluster.Watch(ctx, list, &client.ListOptions{Namespace: namespace, Raw: &options})
		},
	})
}

func (o *observer) note(e watch.Event, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if e.Type == watch.Error {
		o.lost = fmt.Errorf("watching: %w", apierrors.FromObject(e.Object))
	}
	switch object := e.Object.(type) {
	case *corev1.Pod:
		o.notePod(object, e.Type == watch.Deleted, now)
	case *v1beta1.Job:
		finished := object.Finished()
		o.noteJob(object.Name, e.Type == watch.Deleted, finished != nil && finished.Type == v1beta1.JobComplete, now)
	case *unstructured.Unstructured:
		o.noteJob(object.GetName(), e.Type == watch.Deleted, broadcastJobComplete(object), now)
	}
	select {
	case o.changed <- struct{}{}:
	default:
	}
}

func (o *observer) noteJob(name string, deleted, complete bool, now time.Time) {
	o.there[name] = !deleted
	if complete && o.complete[name].IsZero() {
		o.complete[name] = now
	}
}

func (o *observer) notePod(pod *corev1.Pod, deleted bool, now time.Time) {
	before, known := o.pods[pod.UID]
	after := stateOf(pod)
	if deleted {
		delete(o.pods, pod.UID)
	} else {
		o.pods[pod.UID] = after
	}
	if known && before == atWork {
		o.working--
	}
	if !deleted && after == atWork {
		o.working++
		o.mostWorking = max(o.mostWorking, o.working)
	}
	if deleted || known && before == after {
		return
	}
	if after >= finished && before < finished {
		o.done++
		o.lastWorked = now
	}
	if after == marked {
		o.marked++
		o.lastMarked = now
	}
}

// await a condition of what was observed, which is tested under the lock.
func (o *observer) await(ctx context.Context, limit time.Duration, what string, is func(*observer) bool) error {
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	for {
		o.mu.Lock()
		ok, lost, state := is(o), o.lost, fmt.Sprintf("%d pods, %d done, %d Jobs complete", len(o.pods), o.done, len(o.complete))
		o.mu.Unlock()
		if ok {
			return nil
		}
		if lost != nil {
			return lost
		}
		select {
		case <-o.changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-timeout.C:
			return fmt.Errorf("not so within %s: %s (%s)", limit, what, state)
		}
	}
}

// lastDone is when the last node was done, as the Job's status counts it: marked, or
// else with its work at an end.
func (o *observer) lastDone() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.lastMarked.IsZero() {
		return o.lastMarked
	}
	return o.lastWorked
}

// lastComplete is when the last of the Jobs was complete.
func (o *observer) lastComplete() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	var last time.Time
	for _, at := range o.complete {
		if at.After(last) {
			last = at
		}
	}
	return last
}
