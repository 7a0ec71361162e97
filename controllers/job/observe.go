package job

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	"github.com/darkowlzz/daemonset-job/internal/jobcache"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// observe returns the State of a Job from the cache. Its pods are appended to list. The pods of a Job with gates
// with parallelism are listed live until it is known which gates were removed, by this
// process or by an earlier one.
func (r *Reconciler) observe(ctx context.Context, state *jobState, job *v1beta1.Job, ds *appsv1.DaemonSet, blocker plan.Blocker, list []plan.Pod) (plan.State, error) {
	hash, err := daemonset.CurrentHash(job, ds)
	if err != nil {
		return plan.State{}, err
	}
	if ds != nil {
		state.lastDaemonSet = ds.UID
	}
	s := plan.State{Job: job, Now: r.clock.Now(), TemplateHash: hash, DaemonSet: ds, LastDaemonSet: state.lastDaemonSet, Blocker: blocker,
		LastStatusWrite: state.lastStatusWrite, Backoff: state.backoff}
	template, generation := templateOf(state, ds)
	before := state.nodes
	s.Others = r.nodeIndex.all()
	state.staleNodes = state.staleNodes.Still(s.Others)
	s.StaleNodes = state.staleNodes
	s.Nodes = r.nodeIndex.place(&state.nodes, template, generation)
	if state.nodes.version != before.version && len(state.records.Pages) > 0 {
		state.records = state.records.WithoutNodes(plan.LeftNodes(before.nodes, s.Others))
	}
	s.Pods = r.podIndex.observe(list, client.ObjectKeyFromObject(job))
	if s.Records = state.records; !job.DeletionTimestamp.IsZero() || job.Finished() != nil && len(s.Records.Unwritten.Nodes) == 0 {
		return s, nil
	}
	if s.Records, err = r.knowRecords(ctx, state, job, false); err != nil || ds == nil || job.Finished() != nil {
		return s, err
	}
	// Without parallelism every node may start: no stale pod hides that a slot is in use.
	slots := job.Spec.Parallelism != nil
	s.ExpectationsMet = !slots || state.expectations.Met(s.Pods)
	if slots && !state.expectations.Known() {
		cached := s.Pods
		var uncached []plan.Pod
		if s.Pods, uncached, err = r.listPods(ctx, client.ObjectKeyFromObject(job)); err != nil {
			return s, err
		}
		state.expectations.Confirm(cached, uncached)
		s.ExpectationsMet = true
	}
	if s.Blocker.Reason == "" {
		s.Blocker, err = r.refusedPods(ctx, &s)
	}
	if s.Blocker.Reason == "" {
		s.Blocker = state.failureBlocker(s.Now)
	}
	return s, err
}

// templateOf returns the pod template that places the Job's nodes: that of its
// DaemonSet, or of the one that it asks for. The generation tells them apart.
func templateOf(state *jobState, ds *appsv1.DaemonSet) (*corev1.PodTemplateSpec, int64) {
	switch {
	case ds != nil:
		return &ds.Spec.Template, ds.Generation
	case state.desired != nil:
		return &state.desired.Spec.Template, -state.desiredGeneration
	}
	return &corev1.PodTemplateSpec{}, 0
}

// observeLive returns the State of a Job from the API server, for a decision that
// cannot be undone. It returns errStale if the Job is deleted or finished by now, or
// if another installation runs it.
func (r *Reconciler) observeLive(ctx context.Context, state *jobState, cached plan.State) (plan.State, error) {
	job, err := r.getLive(ctx, cached.Job)
	if err != nil {
		return plan.State{}, err
	}
	s := cached
	s.Job, s.DaemonSet, s.Now, s.ExpectationsMet, s.Live = job, nil, r.clock.Now(), true, true
	ds := &appsv1.DaemonSet{}
	switch err := r.apiReader.Get(ctx, daemonSetKey(job), ds); {
	case client.IgnoreNotFound(err) != nil:
		return s, fmt.Errorf("reading DaemonSet: %w", err)
	case err == nil && metav1.IsControlledBy(ds, job):
		if daemonset.OwnershipOf(ds).IsOthers(r.options.Installation) {
			return s, errStale
		}
		s.DaemonSet = ds
	}
	if s.TemplateHash, err = daemonset.CurrentHash(job, s.DaemonSet); err != nil {
		return s, err
	}
	template, _ := templateOf(state, s.DaemonSet)
	placer := daemonset.NewPlacer(template)
	var (
		nodes    listedNodes
		uncached []plan.Pod
	)
	// A node is stale if the lists show it otherwise than the cache before them.
	before := r.nodeIndex.all()
	// Both lists at once: on large clusters a verdict waits for little else.
	lists, inLists := errgroup.WithContext(ctx)
	lists.Go(func() (err error) {
		s.Pods, uncached, err = r.listPods(inLists, client.ObjectKeyFromObject(job))
		return err
	})
	lists.Go(func() (err error) {
		nodes, err = r.listNodeVersions(inLists, placer)
		return err
	})
	if err := lists.Wait(); err != nil {
		return s, err
	}
	if job.Spec.Parallelism != nil {
		// A pod that is ungated now, and not cached yet, would later seem deleted.
		state.expectations.Confirm(r.podIndex.pods(client.ObjectKeyFromObject(job)), uncached)
	} else {
		// They are confirmed when the Job gets slots. One more copy of fifteen thousand pods has seven megabytes.
		state.expectations.Forget()
	}
	if s.Records, err = r.knowRecords(ctx, state, job, true); err != nil {
		return s, err
	}
	if s.Nodes, s.Others, err = r.nodesIn(ctx, nodes, placer, cached.Nodes, s.Pods); err != nil {
		return s, err
	}
	state.staleNodes = plan.FindStaleNodes(s.Nodes, before)
	return s, nil
}

// getLive reads a Job from the API server. It returns errStale if the Job is
// deleted, was made again, or is finished by now.
func (r *Reconciler) getLive(ctx context.Context, cached *v1beta1.Job) (*v1beta1.Job, error) {
	job, err := jobcache.Get(ctx, r.apiReader, client.ObjectKeyFromObject(cached))
	if client.IgnoreNotFound(err) != nil {
		return nil, fmt.Errorf("reading Job: %w", err)
	}
	if job == nil || job.UID != cached.UID || !job.DeletionTimestamp.IsZero() || job.Finished() != nil {
		return nil, errStale
	}
	return job, nil
}

// refusedPods returns why the API server refused pods to the DaemonSet controller,
// which reports it in its events alone.
func (r *Reconciler) refusedPods(ctx context.Context, s *plan.State) (plan.Blocker, error) {
	list := &corev1.EventList{}
	err := r.client.List(ctx, list, client.InNamespace(s.Job.Namespace),
		client.MatchingFields{eventsByUID: string(s.DaemonSet.UID)}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return plan.Blocker{}, fmt.Errorf("listing events: %w", err)
	}
	refusals := make([]plan.Refusal, 0, len(list.Items))
	for i := range list.Items {
		refusals = append(refusals, plan.Refusal{At: list.Items[i].LastTimestamp.Time, Message: list.Items[i].Message})
	}
	return plan.PodsRefused(refusals, s.Pods, s.Now), nil
}
