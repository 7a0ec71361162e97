package job

import (
	"context"
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// ensureDaemonSet makes the Job's DaemonSet what is desired, and returns it. What
// only a person can mend comes back as the obstacle, any other failure as an error.
// Both nil: there is nothing to do, the Job is going away.
func (r *Reconciler) ensureDaemonSet(ctx context.Context, job *v1beta1.Job, desired *appsv1.DaemonSet) (*appsv1.DaemonSet, Blocker, error) {
	live := &appsv1.DaemonSet{}
	err := r.client.Get(ctx, daemonSetKey(job), live)
	if apierrors.IsNotFound(err) {
		// Not of ours in the cache: it may be somebody else's, which the cache leaves out.
		var undecided bool
		if live, undecided, err = r.beforeCreation(ctx, job); !undecided {
			return nil, Blocker{}, err
		}
	}
	if err != nil {
		return nil, Blocker{}, fmt.Errorf("reading DaemonSet: %w", err)
	}
	if live == nil {
		created, blocker, err := r.apply(ctx, desired)
		if apierrors.IsConflict(err) {
			return nil, nameTaken(desired.Name, "it was made in the meantime"), nil
		}
		return created, blocker, err
	}
	live = r.daemonSets.newer(live)
	switch {
	case !metav1.IsControlledBy(live, job):
		return nil, nameTaken(live.Name, ownerOf(live)), nil
	case !live.DeletionTimestamp.IsZero():
		// Made again when it is gone, which an event tells.
		return live, Blocker{}, nil
	case !needsApply(live, desired):
		return live, Blocker{}, nil
	}
	desired = desired.DeepCopy()
	desired.UID = live.UID
	applied, blocker, err := r.apply(ctx, desired, client.ForceOwnership)
	if applied == nil && (blocker.reason != "" || err != nil) {
		// What is there goes on.
		return live, blocker, err
	}
	return applied, blocker, err
}

// beforeCreation reads live what must be so before a DaemonSet is made: a stale
// cache must not run a deleted or finished Job again.
func (r *Reconciler) beforeCreation(ctx context.Context, job *v1beta1.Job) (*appsv1.DaemonSet, bool, error) {
	now := &v1beta1.Job{}
	if err := r.apiReader.Get(ctx, client.ObjectKeyFromObject(job), now); err != nil {
		return nil, false, client.IgnoreNotFound(err)
	}
	if now.UID != job.UID || !now.DeletionTimestamp.IsZero() || now.Finished() != nil || now.Generation != job.Generation {
		return nil, false, nil
	}
	ds := &appsv1.DaemonSet{}
	err := r.apiReader.Get(ctx, daemonSetKey(job), ds)
	if apierrors.IsNotFound(err) {
		return nil, true, nil
	}
	return ds, true, err
}

// apply the DaemonSet. Without force it makes a new one, and another manager's
// object of that name is a conflict.
func (r *Reconciler) apply(ctx context.Context, desired *appsv1.DaemonSet, options ...client.ApplyOption) (*appsv1.DaemonSet, Blocker, error) {
	config, err := applyConfiguration(desired)
	if err != nil {
		return nil, Blocker{}, err
	}
	err = r.client.Apply(ctx, config, append(options, client.FieldOwner(v1beta1.ManagerFieldOwner))...)
	switch {
	case apierrors.IsInvalid(err), apierrors.IsForbidden(err), apierrors.IsBadRequest(err):
		// Nothing changes by trying again: the user must mend the Job, or an administrator the policy.
		return nil, Blocker{v1beta1.ReasonDaemonSetRefused,
			"the API server refused the DaemonSet: " + shortened(err.Error(), 4*maxSentence)}, nil
	case err != nil:
		return nil, Blocker{}, fmt.Errorf("applying DaemonSet: %w", err)
	}
	data, err := json.Marshal(config)
	if err != nil {
		return nil, Blocker{}, fmt.Errorf("encoding the applied DaemonSet: %w", err)
	}
	applied := &appsv1.DaemonSet{}
	if err := json.Unmarshal(data, applied); err != nil {
		return nil, Blocker{}, fmt.Errorf("decoding the applied DaemonSet: %w", err)
	}
	r.daemonSets.remember(applied)
	logf.FromContext(ctx).Info("applied DaemonSet", "daemonSet", applied.Name, "generation", applied.Generation,
		"templateHash", applied.Spec.Template.Labels[v1beta1.LabelTemplateHash])
	return applied, Blocker{}, nil
}

func nameTaken(name, by string) Blocker {
	return Blocker{v1beta1.ReasonDaemonSetNameTaken,
		fmt.Sprintf("the DaemonSet %s is not this Job's (%s) and is left alone: delete or rename it, or give the Job another name", name, by)}
}

func ownerOf(ds *appsv1.DaemonSet) string {
	owner := metav1.GetControllerOf(ds)
	switch {
	case owner == nil:
		return "nobody controls it"
	case !ds.DeletionTimestamp.IsZero():
		return "it is being deleted"
	}
	return fmt.Sprintf("%s %s with UID %s controls it", owner.Kind, owner.Name, owner.UID)
}

// closeGate keeps the Job off nodes that join, when it is over and its pods stay.
func (r *Reconciler) gateTemplate(ctx context.Context, ds *appsv1.DaemonSet) (*appsv1.DaemonSet, error) {
	if hasGate(&ds.Spec.Template.Spec) {
		return ds, nil
	}
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": ds.UID},
		"spec": map[string]any{"template": map[string]any{"spec": map[string]any{
			"schedulingGates": []any{map[string]any{"name": v1beta1.SchedulingGate}},
		}}},
	})
	if err != nil {
		return nil, fmt.Errorf("encoding the gate: %w", err)
	}
	ds = ds.DeepCopy()
	err = r.client.Patch(ctx, ds, client.RawPatch(types.StrategicMergePatchType, patch), client.FieldOwner(v1beta1.ManagerFieldOwner))
	if err != nil {
		return nil, fmt.Errorf("closing the gate: %w", err)
	}
	r.daemonSets.remember(ds)
	return ds, nil
}

// suspend the Job in the name of its onFailure. Its spec is written before its
// status: the status is what a resumed Job is told by.
func (r *Reconciler) suspend(ctx context.Context, job *v1beta1.Job, v Outcome) error {
	config := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": v1beta1.GroupVersion.String(),
		"kind":       "Job",
		"metadata":   map[string]any{"name": job.Name, "namespace": job.Namespace, "uid": string(job.UID)},
		"spec":       map[string]any{"suspend": true},
	}}
	err := r.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(config),
		client.FieldOwner(v1beta1.ManagerFieldOwner), client.ForceOwnership)
	if err != nil {
		return fmt.Errorf("suspending: %w", err)
	}
	written := &v1beta1.Job{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(config.Object, written); err != nil {
		return fmt.Errorf("decoding the suspended Job: %w", err)
	}
	r.jobs.remember(written)
	logf.FromContext(ctx).Info("suspended", "reason", v.reason, "message", v.message)
	return nil
}
