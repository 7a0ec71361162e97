package job

import (
	"context"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// predecessor returns a Blocker while pods of an earlier DaemonSet with the Job's
// labels may still run, as after kubectl replace --force. Their work would run
// at the same time as the new one's: twice on a node, and more than parallelism at once. It is
// called before a DaemonSet is created, and lists the pods live. It deletes those that garbage
// collection has not deleted yet.
func (r *Reconciler) predecessor(ctx context.Context, job *v1beta1.Job) (plan.Blocker, error) {
	pods, err := r.listPods(ctx, job)
	if err != nil || len(pods) == 0 {
		return plan.Blocker{}, err
	}
	if slices.ContainsFunc(pods, func(pod plan.Pod) bool { return pod.Owner != "" && !pod.Terminating }) {
		abandoned, err := r.deleteAbandoned(ctx, job)
		if abandoned > 0 || err != nil {
			return predecessorStopping(fmt.Sprintf("%d pods of an earlier DaemonSet of this name are being deleted", abandoned)), err
		}
	}
	nodes, err := r.listNodes(ctx, &plan.AnyNode)
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

// deleteAbandoned deletes the pods that a DaemonSet of this name controls, if there is none of it.
// It returns how many there were. Garbage collection may never delete them, for the reason that
// deletePredecessor gives: the next DaemonSet has the same name as well.
func (r *Reconciler) deleteAbandoned(ctx context.Context, job *v1beta1.Job) (int, error) {
	var abandoned []plan.Pod
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("PodList"))
	err := r.eachPage(ctx, pageSize, list, func() {
		for i := range list.Items {
			pod := &list.Items[i]
			owner := metav1.GetControllerOfNoCopy(pod)
			if pod.DeletionTimestamp.IsZero() && owner != nil && owner.APIVersion == appsv1.SchemeGroupVersion.String() &&
				owner.Kind == "DaemonSet" && owner.Name == v1beta1.DaemonSetName(job.Name) {
				abandoned = append(abandoned, plan.Pod{Name: pod.Name, UID: pod.UID})
			}
		}
	}, client.InNamespace(job.Namespace), client.MatchingLabels(v1beta1.PodLabels(job.Name)))
	if err != nil || len(abandoned) == 0 {
		return 0, err
	}
	// Another manager may have created it since it was read. The pods are its own then.
	if err := r.apiReader.Get(ctx, daemonSetKey(job), &appsv1.DaemonSet{}); !apierrors.IsNotFound(err) {
		return 0, err
	}
	_, err = r.deletePods(ctx, job, abandoned, false, "their DaemonSet is gone")
	return len(abandoned), err
}
