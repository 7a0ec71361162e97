package job

import (
	"context"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/livelist"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// predecessor returns a Blocker while pods of an earlier DaemonSet with the Job's
// labels may still run, as after kubectl replace --force. Their work would run
// at the same time as the new one's: twice on a node, and more than parallelism at once. It is
// called before a DaemonSet is created, and lists the pods live.
//
// Pods that run nothing are waited for as well until they are being deleted, which shows that
// garbage collection has observed that their DaemonSet is gone. If one of the same name were
// created before that, it might observe an update, and the pods would stay for ever.
func (r *Reconciler) predecessor(ctx context.Context, job *v1beta1.Job) (plan.Blocker, error) {
	pods, _, err := r.listPods(ctx, client.ObjectKeyFromObject(job))
	if err != nil || len(pods) == 0 {
		return plan.Blocker{}, err
	}
	if slices.ContainsFunc(pods, func(pod plan.Pod) bool { return pod.Owner != "" && !pod.Terminating }) {
		uncollected, err := r.uncollected(ctx, job)
		if uncollected != "" || err != nil {
			return predecessorStopping(uncollected), err
		}
	}
	nodes, _, err := r.listNodes(ctx, &plan.AnyNode, nil, pods)
	if err != nil {
		return plan.Blocker{}, err
	}
	stopping := plan.PodsOfPredecessor(pods, nodes, r.clock.Now())
	if len(stopping) == 0 {
		return plan.Blocker{}, nil
	}
	return predecessorStopping(fmt.Sprintf("%d pods of an earlier Job or DaemonSet of this name may still be at work: %s on %s",
		len(stopping), stopping[0].Name, stopping[0].Node)), nil
}

func predecessorStopping(what string) plan.Blocker {
	return plan.Blocker{Reason: v1beta1.ReasonPredecessorStopping, Message: what + "; the Job starts when nothing of it is left"}
}

// isPredecessor returns whether the DaemonSet was an earlier Job's of this name.
func isPredecessor(ds *appsv1.DaemonSet, job *v1beta1.Job) bool {
	owner := metav1.GetControllerOf(ds)
	return owner != nil && owner.Kind == "Job" && owner.APIVersion == v1beta1.GroupVersion.String() && owner.Name == job.Name
}

// deletePredecessor deletes the DaemonSet of an earlier Job of this name. That Job is gone, since
// the Job that is read live has its name.
//
// Garbage collection usually deletes it first. It never does if the earlier Job was deleted and
// this one created while its watch of Jobs was interrupted, as by a restart of the API server: it
// then observes an update, and goes on to take the earlier Job for present. The resourceVersion
// spares a DaemonSet that a user orphans in the meantime.
func (r *Reconciler) deletePredecessor(ctx context.Context, job *v1beta1.Job, ds *appsv1.DaemonSet) error {
	if !ds.DeletionTimestamp.IsZero() {
		return nil
	}
	if err := r.confirmLive(ctx, job); err != nil {
		return err
	}
	err := r.client.Delete(ctx, ds, client.Preconditions{UID: &ds.UID, ResourceVersion: &ds.ResourceVersion},
		client.PropagationPolicy(metav1.DeletePropagationBackground))
	switch {
	case apierrors.IsConflict(err), apierrors.IsNotFound(err):
		return nil // The event of the change enqueues the Job.
	case err != nil:
		return fmt.Errorf("deleting the DaemonSet of an earlier Job: %w", err)
	}
	logf.FromContext(ctx).Info("Deleted DaemonSet of an earlier Job", "daemonSet", ds.Name, "daemonSetUID", ds.UID)
	return nil
}

// uncollectedPods are how many pods garbage collection has yet to delete, and the name of one.
type uncollectedPods struct {
	count int
	one   string
}

// uncollected says which pods garbage collection has yet to delete of those that an earlier
// DaemonSet of this name controlled, empty if there are none. The manager must not delete them:
// until the DaemonSet controller observes that its DaemonSet is gone, it would make them again,
// without the gate.
func (r *Reconciler) uncollected(ctx context.Context, job *v1beta1.Job) (string, error) {
	left, err := livelist.EachMetadata(ctx, r.apiReader, pageSize, podListKind, func(left uncollectedPods, pod *metav1.PartialObjectMetadata) uncollectedPods {
		owner := metav1.GetControllerOfNoCopy(pod)
		if pod.DeletionTimestamp.IsZero() && owner != nil && owner.APIVersion == appsv1.SchemeGroupVersion.String() &&
			owner.Kind == "DaemonSet" && owner.Name == v1beta1.DaemonSetName(job.Name) {
			left = uncollectedPods{left.count + 1, pod.Name}
		}
		return left
	}, client.InNamespace(job.Namespace), client.MatchingLabels(v1beta1.PodLabels(job.Name)))
	switch {
	case err != nil:
		return "", fmt.Errorf("listing pods: %w", err)
	case left.count == 0:
		return "", nil
	}
	return fmt.Sprintf("garbage collection has yet to delete %d pods of an earlier DaemonSet of this name: %s", left.count, left.one), nil
}
