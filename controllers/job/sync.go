package job

import (
	"context"
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// syncDaemonSet applies the Job's DaemonSet where it is not what the Job asks for,
// and returns it, nil if there is none. What only a person can change comes back
// as the Blocker. After an error the present DaemonSet, if any, keeps running and
// is returned too. The DaemonSet of a finished or deleted Job is not applied, nor
// that of a Job whose verdict is for an earlier template. While the guard keeps the
// Job from starting anything, its DaemonSet is only gated. An othersError says that
// another installation runs the Job.
func (r *Reconciler) syncDaemonSet(ctx context.Context, state *jobState, job *v1beta1.Job, guard plan.Guard) (*appsv1.DaemonSet, plan.Blocker, error) {
	ds, err := r.findDaemonSet(ctx, state, job)
	if err != nil {
		return nil, plan.Blocker{}, err
	}
	controlled := ds != nil && metav1.IsControlledBy(ds, job)
	if controlled {
		if ds, err = r.own(ctx, state, job, ds); err != nil {
			return nil, plan.Blocker{}, err
		}
	}
	if job.Finished() != nil || !job.DeletionTimestamp.IsZero() {
		if !controlled {
			ds = nil
		}
		return ds, plan.Blocker{}, nil
	}
	hash, err := daemonset.CurrentHash(job, ds)
	if err != nil {
		return nil, plan.Blocker{}, err
	}
	desired, err := state.desiredDaemonSet(job, hash, r.options)
	if err != nil {
		return nil, plan.Blocker{}, err
	}
	guarded := guard.Blocker(job).Reason != ""
	switch {
	case ds == nil && guarded:
		return nil, plan.Blocker{}, nil
	case ds == nil:
		for _, earlier := range []func(context.Context, *v1beta1.Job) (plan.Blocker, error){r.predecessor, r.earlierRun} {
			if blocker, err := earlier(ctx, job); blocker.Reason != "" || err != nil {
				return nil, blocker, err
			}
		}
		created, blocker, err := r.apply(ctx, state, desired)
		if apierrors.IsConflict(err) {
			return nil, nameTaken(desired.Name, "it was made in the meantime"), nil
		}
		return created, blocker, err
	case !controlled && isPredecessor(ds, job):
		return nil, predecessorStopping("the DaemonSet " + ds.Name + " of an earlier Job of this name is being deleted"), r.deletePredecessor(ctx, job, ds)
	case !controlled:
		return nil, nameTaken(ds.Name, ownerOf(ds)), nil
	case !ds.DeletionTimestamp.IsZero(), !daemonset.NeedsApply(ds, desired),
		state.wasApplied(ds, desired) && !daemonset.MetadataDiffers(ds, desired):
		// A terminating DaemonSet is made again when the event reports its deletion.
		return ds, plan.Blocker{}, nil
	}
	if err := r.confirmLive(ctx, job); err != nil {
		return nil, plan.Blocker{}, err
	}
	if guarded {
		ds, err = r.gateDesired(ctx, state, ds, desired)
		return ds, plan.Blocker{}, err
	}
	desired = desired.DeepCopy()
	desired.UID = ds.UID
	applied, blocker, err := r.apply(ctx, state, desired, client.ForceOwnership)
	if applied == nil {
		return ds, blocker, err
	}
	return applied, blocker, err
}

// gateDesired gates the DaemonSet if the Job asks for that, as one that the user suspends,
// and applies nothing else of what it asks for. It returns the DaemonSet as it then is.
func (r *Reconciler) gateDesired(ctx context.Context, state *jobState, ds, desired *appsv1.DaemonSet) (*appsv1.DaemonSet, error) {
	if daemonset.HasGate(&ds.Spec.Template.Spec) || !daemonset.HasGate(&desired.Spec.Template.Spec) {
		return ds, nil
	}
	if err := r.gateTemplate(ctx, state, ds); err != nil {
		return ds, err
	}
	return state.daemonSet, nil
}

// findDaemonSet returns the DaemonSet of the Job's DaemonSet's name, whoever
// controls it, nil if there is none.
//
// The cache holds only our own objects. Before a DaemonSet is created, the name
// and the Job are read live: a stale cache must not run a deleted or finished Job
// again.
func (r *Reconciler) findDaemonSet(ctx context.Context, state *jobState, job *v1beta1.Job) (*appsv1.DaemonSet, error) {
	ds := &appsv1.DaemonSet{}
	err := r.client.Get(ctx, daemonSetKey(job), ds)
	if apierrors.IsNotFound(err) && job.Finished() == nil && job.DeletionTimestamp.IsZero() {
		if err := r.confirmLive(ctx, job); err != nil {
			return nil, err
		}
		err = r.apiReader.Get(ctx, daemonSetKey(job), ds)
	}
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reading DaemonSet: %w", err)
	}
	return newest(&state.daemonSet, ds), nil
}

// confirmLive reads the Job from the API server, and returns errStale if it is not as it
// was observed. A new leader whose Job watch is older than its DaemonSet watch would roll
// the template back, and run the earlier work once more, or remove the gate that keeps nodes
// which are done from it.
func (r *Reconciler) confirmLive(ctx context.Context, job *v1beta1.Job) error {
	now, err := r.getLive(ctx, job)
	if err == nil && (now.Generation != job.Generation || daemonset.UsesGates(now) != daemonset.UsesGates(job)) {
		return errStale
	}
	return err
}

// apply applies the DaemonSet. Without client.ForceOwnership it creates one, and
// another manager's object of that name is a conflict.
func (r *Reconciler) apply(ctx context.Context, state *jobState, desired *appsv1.DaemonSet, options ...client.ApplyOption) (*appsv1.DaemonSet, plan.Blocker, error) {
	config, err := applyConfiguration(desired)
	if err != nil {
		return nil, plan.Blocker{}, err
	}
	err = r.client.Apply(ctx, config, append(options, client.FieldOwner(v1beta1.ManagerFieldOwner))...)
	switch {
	case isRefusal(err):
		// A retry changes nothing: the user must change the Job, or an administrator the policy.
		return nil, plan.Blocker{Reason: v1beta1.ReasonDaemonSetRefused,
			Message: "the API server refused the DaemonSet: " + plan.Shorten(err.Error(), 4*plan.MaxSentence)}, nil
	case err != nil:
		return nil, plan.Blocker{}, fmt.Errorf("applying DaemonSet: %w", err)
	}
	data, err := json.Marshal(config)
	if err != nil {
		return nil, plan.Blocker{}, fmt.Errorf("encoding the applied DaemonSet: %w", err)
	}
	applied := &appsv1.DaemonSet{}
	if err := json.Unmarshal(data, applied); err != nil {
		return nil, plan.Blocker{}, fmt.Errorf("decoding the applied DaemonSet: %w", err)
	}
	state.daemonSet, state.applied = applied, appliedDaemonSet{uid: applied.UID, generation: applied.Generation}
	logf.FromContext(ctx).Info("Applied DaemonSet", "daemonSet", applied.Name, "generation", applied.Generation,
		"templateHash", templateHash(applied))
	return applied, plan.Blocker{}, nil
}

// applyConfiguration returns what the manager applies of the DaemonSet. With a
// UID, the API server refuses to apply it to another object of that name.
func applyConfiguration(ds *appsv1.DaemonSet) (*appsv1ac.DaemonSetApplyConfiguration, error) {
	data, err := daemonset.PrunedJSON(ds)
	if err != nil {
		return nil, err
	}
	config := &appsv1ac.DaemonSetApplyConfiguration{}
	if err := json.Unmarshal(data, config); err != nil {
		return nil, fmt.Errorf("decoding DaemonSet %s: %w", ds.Name, err)
	}
	config.Status = nil
	return config, nil
}

func templateHash(ds *appsv1.DaemonSet) string {
	return ds.Spec.Template.Labels[v1beta1.LabelTemplateHash]
}

func nameTaken(name, by string) plan.Blocker {
	return plan.Blocker{Reason: v1beta1.ReasonDaemonSetNameTaken,
		Message: fmt.Sprintf("the DaemonSet %s is not this Job's (%s) and is left alone: delete or rename it, or give the Job another name", name, by)}
}

func ownerOf(ds *appsv1.DaemonSet) string {
	owner := metav1.GetControllerOf(ds)
	switch {
	case owner == nil:
		return "nobody controls it"
	}
	return plan.Shorten(fmt.Sprintf("%s %s with UID %s controls it", owner.Kind, owner.Name, owner.UID), plan.MaxSentence)
}

func daemonSetKey(job *v1beta1.Job) types.NamespacedName {
	return types.NamespacedName{Namespace: job.Namespace, Name: v1beta1.DaemonSetName(job.Name)}
}
