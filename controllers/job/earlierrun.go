package job

import (
	"context"
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/jobcache"
	"github.com/darkowlzz/daemonset-job/internal/livelist"
	"github.com/darkowlzz/daemonset-job/internal/plan"
	"github.com/darkowlzz/daemonset-job/internal/schedule"
)

// earlierRun returns a Blocker while pods of a failed or deleted run of the Job's CronJob may
// still be at work: the verdict Failed is written before they are told to stop, a Job may be
// gone before its pods, and they have their grace period. A CronJob that allows runs at once
// waits for nothing. One that cannot be decoded may not allow it. It is called before a
// DaemonSet is created.
//
// It does not wait for nodes that are not Ready, which the Job leaves out: one that stays away
// would hold up every run.
func (r *Reconciler) earlierRun(ctx context.Context, job *v1beta1.Job) (plan.Blocker, error) {
	owner := v1beta1.CronJobOf(job)
	if owner == nil {
		return plan.Blocker{}, nil
	}
	cronJob, err := jobcache.GetCronJob(ctx, r.client, client.ObjectKey{Namespace: job.Namespace, Name: owner.Name})
	var undecodable *jobcache.UndecodableError
	switch {
	case apierrors.IsNotFound(err):
		return plan.Blocker{}, nil
	case errors.As(err, &undecodable):
	case err != nil:
		return plan.Blocker{}, fmt.Errorf("reading the Job's CronJob: %w", err)
	case cronJob.Spec.ConcurrencyPolicy == v1beta1.AllowConcurrent:
		return plan.Blocker{}, nil
	}
	runs, err := jobcache.ListControlled(ctx, r.client, job.Namespace, owner.UID)
	if err != nil {
		return plan.Blocker{}, fmt.Errorf("listing the CronJob's Jobs: %w", err)
	}
	existing := []string{job.Name}
	for _, run := range runs {
		existing = append(existing, run.Name)
		finished := run.Finished()
		if run.UID == job.UID || finished == nil || finished.Type != v1beta1.JobFailed {
			continue
		}
		if stopping, err := r.stoppingPods(ctx, client.ObjectKeyFromObject(run)); len(stopping) > 0 || err != nil {
			return earlierRunStopping(run.Name, stopping), err
		}
	}
	return r.deletedRun(ctx, job.Namespace, owner.Name, existing)
}

// deletedRun returns a Blocker while pods of a run whose Job is deleted may still be at work.
func (r *Reconciler) deletedRun(ctx context.Context, namespace, cronJob string, existing []string) (plan.Blocker, error) {
	names, err := r.otherRuns(ctx, namespace, cronJob, existing)
	if err != nil {
		return plan.Blocker{}, err
	}
	for _, name := range names {
		run := client.ObjectKey{Namespace: namespace, Name: name}
		err := r.apiReader.Get(ctx, run, jobcache.Metadata("Job"))
		switch {
		case err == nil:
			continue // Another's Job.
		case !apierrors.IsNotFound(err):
			return plan.Blocker{}, fmt.Errorf("reading Job %s: %w", name, err)
		}
		if stopping, err := r.stoppingPods(ctx, run); len(stopping) > 0 || err != nil {
			return earlierRunStopping(name+", which is deleted", stopping), err
		}
	}
	return plan.Blocker{}, nil
}

// otherRuns returns the Jobs of pods, read live, that have the name of a run and are not among
// the existing ones. A Job that is deleted in the background, as by kubectl delete or for the
// history, is gone before garbage collection has deleted its DaemonSet. Then only the name in
// its pods' label tells that they are the CronJob's.
func (r *Reconciler) otherRuns(ctx context.Context, namespace, cronJob string, existing []string) ([]string, error) {
	others, err := labels.NewRequirement(v1beta1.LabelJob, selection.NotIn, existing)
	if err != nil {
		return nil, fmt.Errorf("selecting the pods of other Jobs: %w", err)
	}
	selector := labels.SelectorFromSet(labels.Set{v1beta1.LabelDaemonSetJob: "true"}).Add(*others)
	names, err := livelist.EachMetadata(ctx, r.apiReader, versionsPageSize, podListKind, func(names sets.Set[string], pod *metav1.PartialObjectMetadata) sets.Set[string] {
		name := pod.Labels[v1beta1.LabelJob]
		if !schedule.IsRunName(cronJob, name) {
			return names
		}
		if names == nil {
			names = sets.New[string]()
		}
		return names.Insert(name)
	}, client.InNamespace(namespace), client.MatchingLabelsSelector{Selector: selector})
	if err != nil {
		return nil, fmt.Errorf("listing the pods of deleted runs: %w", err)
	}
	return sets.List(names), nil
}

// stoppingPods returns the pods of a run, read live, that may still be at work on Ready nodes.
func (r *Reconciler) stoppingPods(ctx context.Context, run client.ObjectKey) ([]plan.Pod, error) {
	pods, _, err := r.listPods(ctx, run)
	if err != nil || len(pods) == 0 {
		return nil, err
	}
	nodes, _, err := r.listNodes(ctx, &plan.AnyNode, nil, pods)
	if err != nil {
		return nil, err
	}
	nodes = slices.DeleteFunc(nodes, func(node plan.Node) bool { return !node.NotReadySince.IsZero() })
	return plan.PodsOfPredecessor(pods, nodes, r.clock.Now()), nil
}

func earlierRunStopping(run string, pods []plan.Pod) plan.Blocker {
	if len(pods) == 0 {
		return plan.Blocker{}
	}
	return predecessorStopping(fmt.Sprintf("%d pods of Job %s, an earlier run, may still be at work: %s on %s", len(pods), run, pods[0].Name, pods[0].Node))
}
