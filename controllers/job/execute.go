package job

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

const (
	// writers is how many pods of a Job are written at once.
	writers = 16
	// conflictRetryDelay is when to retry a write that was refused because the
	// object had changed. Its event usually enqueues the Job before that.
	conflictRetryDelay = 250 * time.Millisecond
)

// execute does what the Plan says, in its order. A step that fails ends it.
func (r *Reconciler) execute(ctx context.Context, state *jobState, s plan.State, p plan.Plan) (ctrl.Result, error) {
	if p.IncludeInBackup {
		if err := r.labelForBackup(ctx, state, &s, includeInBackupPatch(s.Job)); err != nil {
			return retryConflict(err)
		}
	}
	switch refused, err := r.writeRecords(ctx, state, s, p.Pages, p.Later); {
	case err != nil:
		return retryConflict(err)
	case refused:
		return decideAgain, nil
	}
	if p.Status != nil {
		if err := r.writeStatus(ctx, state, s, p.Status); err != nil {
			return retryConflict(err)
		}
		s.Job = state.job
	}
	switch p.DaemonSet {
	case plan.DeleteDaemonSet:
		if err := r.deleteDaemonSet(ctx, s.DaemonSet); err != nil {
			return retryConflict(err)
		}
	case plan.GateTemplate:
		if err := r.gateTemplate(ctx, state, s.DaemonSet); err != nil {
			return retryConflict(err)
		}
	}
	changed, err := r.deletePods(ctx, state, s.Job, p.DeletePods, p.DeleteUnchanged, p.DeleteReason)
	if err != nil {
		return ctrl.Result{}, err
	}
	reclaimChanged, err := r.reclaim(ctx, state, s, p.Reclaim)
	if err != nil {
		return ctrl.Result{}, err
	}
	if err := r.ungate(ctx, state, s, p.Ungate); err != nil {
		return ctrl.Result{}, err
	}
	if p.ExcludeFromBackup {
		if err := r.labelForBackup(ctx, state, &s, excludeFromBackupPatch(s.Job)); err != nil {
			return retryConflict(err)
		}
	}
	if changed || reclaimChanged {
		// The event of the change may say nothing that matters, and enqueue nothing.
		return ctrl.Result{RequeueAfter: conflictRetryDelay}, nil
	}
	return ctrl.Result{RequeueAfter: p.RequeueAfter}, nil
}

// retryConflict turns a refused write of a stale or deleted object into a retry.
func retryConflict(err error) (ctrl.Result, error) {
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		return ctrl.Result{RequeueAfter: conflictRetryDelay}, nil
	}
	return ctrl.Result{}, err
}

// writeStatus writes the status, then emits its events. The API server refuses it
// if the Job changed since it was read, so that a verdict is about the Job as it is.
func (r *Reconciler) writeStatus(ctx context.Context, state *jobState, s plan.State, update *plan.StatusUpdate) error {
	before, job := s.Job, s.Job.DeepCopy()
	job.Status = update.Status
	if err := r.client.Status().Patch(ctx, job, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
		return err
	}
	state.job, state.lastStatusWrite = job, s.Now
	ended := update.Outcome.Result != plan.Undecided
	if ended || before.Status.Phase != update.Status.Phase {
		logf.FromContext(ctx).Info("Wrote status", "phase", update.Status.Phase, "completed", update.Status.Completed,
			"failed", update.Status.Failed, "reason", update.Outcome.Reason)
	}
	for _, event := range update.Events {
		r.recorder.Eventf(job, nil, event.Type, event.Reason, event.Action, "%s", event.Message)
	}
	if ended {
		observeDuration(&update.Status, s.Now)
	}
	return nil
}

// deleteDaemonSet deletes this very DaemonSet, and garbage collection its pods.
func (r *Reconciler) deleteDaemonSet(ctx context.Context, ds *appsv1.DaemonSet) error {
	err := r.client.Delete(ctx, ds, client.Preconditions{UID: &ds.UID}, client.PropagationPolicy(metav1.DeletePropagationBackground))
	return client.IgnoreNotFound(err)
}

// gateTemplate adds the gate to the template of this very DaemonSet.
func (r *Reconciler) gateTemplate(ctx context.Context, state *jobState, ds *appsv1.DaemonSet) error {
	ds = ds.DeepCopy()
	if err := r.client.Patch(ctx, ds, gateTemplatePatch(ds.UID), client.FieldOwner(v1beta1.ManagerFieldOwner)); err != nil {
		return fmt.Errorf("gating the template: %w", err)
	}
	state.daemonSet = ds
	return nil
}

// deletePods deletes these very pods, and no other pod of their name. Unchanged ones
// are deleted only if they are as they were observed: changed says that one was not.
func (r *Reconciler) deletePods(ctx context.Context, state *jobState, job *v1beta1.Job, pods []plan.Pod, unchanged bool, why string) (changed bool, err error) {
	if len(pods) == 0 {
		return false, nil
	}
	var conflicts atomic.Int32
	deleted := make([]bool, len(pods))
	err = writePods(state, pods, func(i int) error {
		only := client.Preconditions{UID: &pods[i].UID}
		if unchanged {
			only.ResourceVersion = &pods[i].ResourceVersion
		}
		err := r.client.Delete(ctx, podObject(job, &pods[i]), only)
		if apierrors.IsConflict(err) {
			conflicts.Add(1)
			return nil
		}
		deleted[i] = err == nil
		return client.IgnoreNotFound(err)
	}, func(expectations *plan.Expectations, i int) {
		if deleted[i] {
			expectations.ExpectDeleted(pods[i].UID)
		}
	})
	if err != nil {
		return false, fmt.Errorf("deleting pods because %s: %w", why, err)
	}
	logf.FromContext(ctx).Info("Deleted pods", "pods", len(pods), "firstNode", pods[0].Node, "reason", why)
	return conflicts.Load() > 0, nil
}

// reclaim deletes pods that cannot be scheduled, so that their slots are free. The
// resourceVersion lets a binding in the meantime win: changed says that a pod was not as it was
// observed. The node waits before its next turn.
func (r *Reconciler) reclaim(ctx context.Context, state *jobState, s plan.State, pods []plan.Pod) (changed bool, err error) {
	for i := range pods {
		pod := &pods[i]
		err := r.client.Delete(ctx, podObject(s.Job, pod), client.Preconditions{UID: &pod.UID, ResourceVersion: &pod.ResourceVersion})
		switch {
		case apierrors.IsConflict(err):
			changed = true
			continue
		case apierrors.IsNotFound(err):
			continue
		case err != nil:
			return changed, fmt.Errorf("deleting a pod that cannot be scheduled: %w", err)
		}
		state.backOff(pod.Node, r.clock.Now())
		logf.FromContext(ctx).Info("Deleted unschedulable pod, its slot is free", "pod", pod.Name, "node", pod.Node)
	}
	return changed, nil
}

// ungate removes the gates of pods.
func (r *Reconciler) ungate(ctx context.Context, state *jobState, s plan.State, pods []plan.Pod) error {
	if len(pods) == 0 {
		return nil
	}
	versions := make([]string, len(pods))
	err := writePods(state, pods, func(i int) error {
		pod := podObject(s.Job, &pods[i])
		err := r.client.Patch(ctx, pod, ungatePatch(pods[i].UID, r.clock.Now()), client.FieldOwner(v1beta1.ManagerFieldOwner))
		versions[i] = pod.ResourceVersion
		return client.IgnoreNotFound(err)
	}, func(expectations *plan.Expectations, i int) {
		if versions[i] != "" {
			expectations.Expect(pods[i].UID, versions[i])
		}
	})
	if err != nil {
		return fmt.Errorf("ungating pods: %w", err)
	}
	logf.FromContext(ctx).Info("Ungated pods", "pods", len(pods), "firstNode", pods[0].Node)
	return nil
}

// writePods calls write for each pod, as forEach does, and then expect. The expectations are unknown until
// every answer has arrived: after a lost answer the pods are listed live, because the API server may have removed
// the gate, or deleted the pod, or not.
func writePods(state *jobState, pods []plan.Pod, write func(i int) error, expect func(expectations *plan.Expectations, i int)) error {
	expectations := state.expectations
	state.expectations.Forget()
	if err := forEach(pods, write); err != nil {
		return err
	}
	for i := range pods {
		expect(&expectations, i)
	}
	state.expectations = expectations
	return nil
}

// maxErrors is how many errors of single pods are reported one by one.
const maxErrors = 3

// forEach calls write for each pod, several at once: an error of one pod does not keep
// the others from being written. It returns the first errors, and how many more
// there are.
func forEach(pods []plan.Pod, write func(i int) error) error {
	group, errs := errgroup.Group{}, make([]error, len(pods))
	group.SetLimit(writers)
	for i := range pods {
		group.Go(func() error {
			errs[i] = write(i)
			return nil
		})
	}
	_ = group.Wait() // The errors are in errs.
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if more := len(errs) - maxErrors; more > 0 {
		errs = append(errs[:maxErrors:maxErrors], fmt.Errorf("and %d more", more))
	}
	return errors.Join(errs...)
}

func podObject(job *v1beta1.Job, pod *plan.Pod) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: job.Namespace, Name: pod.Name}}
}
