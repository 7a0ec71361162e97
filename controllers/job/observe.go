package job

import (
	"context"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// observe gathers the facts about a Job from the cache, and applies its
// DaemonSet on the way. An error of the latter comes with the facts, since the
// status is written nevertheless; without facts there is nothing to decide.
func (r *Reconciler) observe(ctx context.Context, job *v1beta1.Job) (*State, error) {
	desired, err := r.drafts.of(job)
	if err != nil {
		return nil, err
	}
	ds, blocker, applyErr := r.ensureDaemonSet(ctx, job, desired)
	if ds == nil && blocker.reason == "" {
		return nil, applyErr
	}
	hash := desired.Spec.Template.Labels[v1beta1.LabelTemplateHash]
	f := &State{job: job, now: r.clock.Now(), hash: hash, daemonSet: ds, blocker: blocker}
	if ds == nil {
		return f, applyErr
	}
	f.nodes = r.podIndex.nodes(f)
	if usesGates(&job.Spec) && !r.gates.trusted(job.UID) {
		// This process has not opened gates of this Job yet, but one before it may
		// have, just now: the API server tells, until the cache shows as much.
		cached := f.nodes
		if f.nodes, err = r.liveNodes(ctx, f); err != nil {
			return nil, err
		}
		r.gates.compare(job.UID, cached, f.nodes)
	}
	r.gates.correct(job.UID, f.nodes)
	if f.blocker.reason == "" {
		if f.blocker, err = r.refusedPods(ctx, f); err != nil {
			return nil, err
		}
	}
	return f, applyErr
}

// observeLive gathers the facts from the API server, for a decision that cannot
// be taken back. It returns nil if the Job is gone or finished by now.
func (r *Reconciler) observeLive(ctx context.Context, cached *v1beta1.Job) (*State, error) {
	job := &v1beta1.Job{}
	if err := r.apiReader.Get(ctx, client.ObjectKeyFromObject(cached), job); err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	if job.UID != cached.UID || !job.DeletionTimestamp.IsZero() || job.Finished() != nil {
		return nil, nil
	}
	hash, err := templateHash(&job.Spec)
	if err != nil {
		return nil, err
	}
	f := &State{job: job, now: r.clock.Now(), hash: hash}
	ds := &appsv1.DaemonSet{}
	switch err := r.apiReader.Get(ctx, daemonSetKey(job), ds); {
	case client.IgnoreNotFound(err) != nil:
		return nil, fmt.Errorf("reading DaemonSet: %w", err)
	case err != nil || !metav1.IsControlledBy(ds, job):
		return f, nil
	}
	f.daemonSet = ds
	f.nodes, err = r.liveNodes(ctx, f)
	return f, err
}

// liveNodes reads from the API server what the census has from the cache.
func (r *Reconciler) liveNodes(ctx context.Context, f *State) ([]observedPod, error) {
	pods := &corev1.PodList{}
	err := r.apiReader.List(ctx, pods, client.InNamespace(f.job.Namespace), client.MatchingLabels(v1beta1.PodLabels(f.job.Name)))
	if err != nil {
		return nil, fmt.Errorf("listing pods: %w", err)
	}
	limit := backoffLimit(&f.job.Spec)
	nodes := make([]observedPod, 0, len(pods.Items))
	for i := range pods.Items {
		if pod := &pods.Items[i]; metav1.IsControlledBy(pod, f.daemonSet) {
			nodes = append(nodes, observePod(pod, f.hash, limit))
		}
	}
	return nodes, nil
}

// refusedPods says what the API server answered to the DaemonSet controller,
// which keeps no other record of it than its events.
//
// A refusal older than the newest pod is history: pods are made again.
func (r *Reconciler) refusedPods(ctx context.Context, f *State) (Blocker, error) {
	list := &corev1.EventList{}
	err := r.client.List(ctx, list, client.InNamespace(f.job.Namespace),
		client.MatchingFields{eventsByUID: string(f.daemonSet.UID)}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return Blocker{}, fmt.Errorf("listing events: %w", err)
	}
	var last *corev1.Event
	for i := range list.Items {
		if event := &list.Items[i]; last == nil || last.LastTimestamp.Before(&event.LastTimestamp) {
			last = event
		}
	}
	if last == nil || slices.ContainsFunc(f.nodes, func(n observedPod) bool { return n.created.After(last.LastTimestamp.Time) }) {
		return Blocker{}, nil
	}
	return Blocker{v1beta1.ReasonPodsRefused, "pods are refused: " + shortened(last.Message, maxSentence)}, nil
}

func daemonSetKey(job *v1beta1.Job) types.NamespacedName {
	return types.NamespacedName{Namespace: job.Namespace, Name: v1beta1.DaemonSetName(job.Name)}
}
