package job

import (
	"context"
	"fmt"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/jobcache"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// earlierRun returns a Blocker while pods of a failed run of the Job's CronJob may still be at
// work: the verdict Failed is written before they are told to stop, and they have their grace
// period. A CronJob that allows runs at once waits for nothing. It is called before a DaemonSet
// is created.
//
// It does not wait for nodes that are not Ready, which the Job leaves out: one that stays away
// would hold up every run.
func (r *Reconciler) earlierRun(ctx context.Context, job *v1beta1.Job) (plan.Blocker, error) {
	owner := v1beta1.CronJobOf(job)
	if owner == nil {
		return plan.Blocker{}, nil
	}
	cronJob, err := jobcache.GetCronJob(ctx, r.client, client.ObjectKey{Namespace: job.Namespace, Name: owner.Name})
	if client.IgnoreNotFound(err) != nil {
		return plan.Blocker{}, fmt.Errorf("reading the Job's CronJob: %w", err)
	}
	if err != nil || cronJob.Spec.ConcurrencyPolicy == v1beta1.AllowConcurrent {
		return plan.Blocker{}, nil
	}
	runs, err := jobcache.ListControlled(ctx, r.client, job.Namespace, owner.UID)
	if err != nil {
		return plan.Blocker{}, fmt.Errorf("listing the CronJob's Jobs: %w", err)
	}
	for _, run := range runs {
		finished := run.Finished()
		if run.UID == job.UID || finished == nil || finished.Type != v1beta1.JobFailed {
			continue
		}
		if stopping, err := r.stoppingPods(ctx, run); len(stopping) > 0 || err != nil {
			return earlierRunStopping(run.Name, stopping), err
		}
	}
	return plan.Blocker{}, nil
}

// stoppingPods returns the pods of a run, read live, that may still be at work on Ready nodes.
func (r *Reconciler) stoppingPods(ctx context.Context, run *v1beta1.Job) ([]plan.Pod, error) {
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
