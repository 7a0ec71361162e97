package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// writers is how many pods of a Job are written at once.
const writers = 16

// moveNodes replaces the pods of earlier templates and lets nodes start, as far
// as the Job allows.
//
// A suspended Job replaces nothing: its nodes finish what they are at. Nothing is
// deleted before new pods are made from the current template, or the old work
// would run once more.
func (r *Reconciler) moveNodes(ctx context.Context, f *State) error {
	if f.job.Suspended() || !isUpToDate(f.daemonSet, f.hash) {
		return nil
	}
	replaced := r.deletePods(ctx, f, podsToReplace(f.nodes), "the Job's template changed")
	return errors.Join(replaced, r.ungate(ctx, f, podsToUngate(f.nodes, slots(&f.job.Spec, desiredNodes(f.daemonSet)))))
}

// retry makes the failed nodes of a Job that a person resumed try again. Their
// pods are read live: one that got done in the meantime must not run again.
func (r *Reconciler) retry(ctx context.Context, job *v1beta1.Job) (*State, error) {
	f, err := r.observeLive(ctx, job)
	if f == nil || err != nil || !f.retries() {
		return f, err
	}
	if err := r.deletePods(ctx, f, podsToRetry(f.nodes), "the Job was resumed, and its failed nodes are tried again"); err != nil {
		return nil, err
	}
	// They are being replaced now, and count as failed no longer.
	f.nodes = filter(f.nodes, func(n *observedPod) bool { return n.state != failed })
	return f, nil
}

// openGates lets nodes start. A gate is recorded as open before it is: if the
// answer gets lost, the Job's pods are read live before the next one is opened.
func (r *Reconciler) ungate(ctx context.Context, f *State, nodes []observedPod) error {
	if len(nodes) == 0 {
		return nil
	}
	err := forEach(ctx, nodes, func(ctx context.Context, n *observedPod) error {
		r.gates.open(f.job.UID, n.uid)
		patch, err := json.Marshal(map[string]any{
			"metadata": map[string]any{"uid": n.uid},
			"spec":     map[string]any{"schedulingGates": []any{map[string]any{"$patch": "delete", "name": v1beta1.SchedulingGate}}},
		})
		if err != nil {
			return fmt.Errorf("encoding the gate: %w", err)
		}
		err = r.client.Patch(ctx, podOf(f, n), client.RawPatch(types.StrategicMergePatchType, patch), client.FieldOwner(v1beta1.ManagerFieldOwner))
		// The pod is gone. In any other case its gate may be closed still: the pods are
		// read live before the next decision, or the node would wait for ever.
		return client.IgnoreNotFound(err)
	})
	if err != nil {
		r.gates.forget(f.job.UID)
		return fmt.Errorf("letting nodes start: %w", err)
	}
	logf.FromContext(ctx).Info("let nodes start", "nodes", len(nodes), "first", nodes[0].name)
	return nil
}

// deletePods deletes the pods of these nodes, and no other of their names.
func (r *Reconciler) deletePods(ctx context.Context, f *State, nodes []observedPod, why string) error {
	if len(nodes) == 0 {
		return nil
	}
	err := forEach(ctx, nodes, func(ctx context.Context, n *observedPod) error {
		err := r.client.Delete(ctx, podOf(f, n), client.Preconditions{UID: &n.uid})
		if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
			return nil
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("deleting pods because %s: %w", why, err)
	}
	logf.FromContext(ctx).Info("deleted pods", "nodes", len(nodes), "first", nodes[0].name, "why", why)
	return nil
}

// forEach runs do for every node, several at once, and joins the errors.
func forEach(ctx context.Context, nodes []observedPod, do func(context.Context, *observedPod) error) error {
	group, errs := errgroup.Group{}, make([]error, len(nodes))
	group.SetLimit(writers)
	for i := range nodes {
		group.Go(func() error {
			errs[i] = do(ctx, &nodes[i])
			return nil
		})
	}
	_ = group.Wait() // The errors are in errs: one pod's must not keep the others from being written.
	return errors.Join(errs...)
}

func podOf(f *State, n *observedPod) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: f.job.Namespace, Name: n.pod}}
}

// deletionGrace is how long a complete Job without a TTL may take to be deleted
// by the terminator before the manager makes sure that it runs on no other node.
const deletionGrace = 5 * time.Second

// finish sees to it that nothing more runs for a Job that is over. Its status
// says so already.
func (r *Reconciler) finish(ctx context.Context, job *v1beta1.Job) (ctrl.Result, error) {
	ds := &appsv1.DaemonSet{}
	if err := r.client.Get(ctx, daemonSetKey(job), ds); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	ds = r.daemonSets.newer(ds)
	if !metav1.IsControlledBy(ds, job) || !ds.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil
	}
	if job.Status.Phase == v1beta1.PhaseFailed {
		err := r.client.Delete(ctx, ds, client.Preconditions{UID: &ds.UID}, client.PropagationPolicy(metav1.DeletePropagationBackground))
		if apierrors.IsConflict(err) {
			return ctrl.Result{RequeueAfter: minStatusInterval}, nil
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if wait := deletionGrace - r.clock.Since(job.Finished().LastTransitionTime.Time); job.Spec.TTLSecondsAfterFinished == nil && wait > 0 {
		return ctrl.Result{RequeueAfter: wait}, nil
	}
	ds, err := r.gateTemplate(ctx, ds)
	if err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	f := &State{job: job, hash: job.Status.TemplateHash, daemonSet: ds}
	if !isObserved(ds) {
		return ctrl.Result{}, nil // An event tells when it has: a pod deleted before would run again.
	}
	f.nodes = r.podIndex.nodes(f)
	return ctrl.Result{}, r.deletePods(ctx, f, podsToStop(f.nodes), "the Job is over")
}
