package job

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	"github.com/darkowlzz/daemonset-job/internal/ratelimit"
)

// othersError ends a reconcile of a Job that another installation runs. Nothing is
// written for the Job, not even that it is blocked.
type othersError struct{ retryAfter time.Duration }

// Error implements error.
func (*othersError) Error() string { return "another installation of the operator runs the Job" }

// ownership is who runs a Job, as this process observed it.
type ownership struct {
	daemonset.Ownership
	uid   types.UID
	since time.Time
	// owner is the other owner that a log line and an event named, and asker the asker that
	// a log line named.
	owner, asker string
}

// observe enters what the DaemonSet says. The time counts from when it last said
// something else, by the clock of this process: those of two nodes may differ.
func (o *ownership) observe(ds *appsv1.DaemonSet, now time.Time) {
	if is := daemonset.OwnershipOf(ds); o.since.IsZero() || o.uid != ds.UID || o.Ownership != is {
		o.uid, o.Ownership, o.since = ds.UID, is, now
	}
}

// own returns the Job's DaemonSet if this installation runs the Job, and an othersError
// if another one does. The owner answers who asks for the DaemonSet. Another installation
// asks, and takes over without an answer.
func (r *Reconciler) own(ctx context.Context, state *jobState, job *v1beta1.Job, ds *appsv1.DaemonSet) (*appsv1.DaemonSet, error) {
	me, now := r.options.Installation, r.clock.Now()
	state.ownership.observe(ds, now)
	step, wait := state.ownership.Next(me, now.Sub(state.ownership.since))
	switch {
	case step == daemonset.Own:
		state.ownership.owner = ""
		return ds, nil
	case step == daemonset.Answer:
		return r.answer(ctx, state, job, ds)
	case step == daemonset.KeepOff, !ds.DeletionTimestamp.IsZero():
		// An event reports that a terminating DaemonSet is deleted. Who comes first makes another.
		return nil, r.keepOff(ctx, state, job, wait)
	}
	return r.contest(ctx, state, job, ds, step)
}

// answer removes the question of another installation.
func (r *Reconciler) answer(ctx context.Context, state *jobState, job *v1beta1.Job, ds *appsv1.DaemonSet) (*appsv1.DaemonSet, error) {
	asker := state.ownership.Asker
	ds, err := r.writeOwnership(ctx, state, ds, ownershipPatch(ds, daemonset.Ownership{}))
	switch {
	case err != nil:
		return nil, fmt.Errorf("answering the installation %s, which asks for the DaemonSet: %w", asker, err)
	case state.ownership.IsOthers(r.options.Installation):
		// The answer came too late. The informer cache does not show it yet.
		return nil, r.keepOff(ctx, state, job, time.Second)
	case state.ownership.asker != asker:
		state.ownership.asker = asker
		logf.FromContext(ctx).Info("Kept DaemonSet that another installation asks for: limit the namespaces of one of them", "asker", asker)
	}
	return ds, nil
}

// contest asks for the DaemonSet or takes it over, as it was observed: an answer of the
// owner in the meantime wins.
func (r *Reconciler) contest(ctx context.Context, state *jobState, job *v1beta1.Job, ds *appsv1.DaemonSet, step daemonset.OwnershipStep) (*appsv1.DaemonSet, error) {
	me, before := r.options.Installation, state.ownership.Ownership
	next := daemonset.Ownership{Asker: me}
	if step == daemonset.TakeOver {
		next = daemonset.Ownership{Owner: me}
	}
	ds, err := r.writeOwnership(ctx, state, ds, ownershipPatch(ds, next))
	switch {
	case apierrors.IsConflict(err), apierrors.IsNotFound(err):
		return nil, r.keepOff(ctx, state, job, conflictRetryDelay)
	case err != nil:
		logf.FromContext(ctx).Error(err, "Failed to ask for DaemonSet of another installation, retrying", "installation", before.Owner)
		return nil, r.keepOff(ctx, state, job, ratelimit.Longest)
	case state.ownership.IsOthers(me):
		_, wait := state.ownership.Next(me, 0)
		return nil, r.keepOff(ctx, state, job, wait)
	}
	state.ownership.owner = ""
	logf.FromContext(ctx).Info("Took over Job of another installation, which did not answer", "installation", before.Owner)
	r.recorder.Eventf(job, nil, corev1.EventTypeNormal, "TookOver", "TakeOver",
		"the installation %s of the operator took over the Job from %s, which did not answer", me, before.Owner)
	return ds, nil
}

// keepOff says once for each owner that another installation runs the Job, and returns an
// othersError. What this process expects of the pods is not known any more.
func (r *Reconciler) keepOff(ctx context.Context, state *jobState, job *v1beta1.Job, wait time.Duration) error {
	state.expectations.Forget()
	state.recordFailure(nil, r.clock.Now())
	if owner := state.ownership.Owner; state.ownership.owner != owner {
		state.ownership.owner = owner
		logf.FromContext(ctx).Info("Found DaemonSet of another installation, writing nothing for its Job", "installation", owner)
		r.recorder.Eventf(job, nil, corev1.EventTypeWarning, "OtherInstallation", "KeepOff",
			"the installation %s of the operator runs the Job, and %s keeps off: limit the namespaces of one of them by WATCH_NAMESPACE, or uninstall one",
			owner, r.options.Installation)
	}
	return &othersError{retryAfter: wait}
}

// writeOwnership patches the annotations of this very DaemonSet, and observes the result.
func (r *Reconciler) writeOwnership(ctx context.Context, state *jobState, ds *appsv1.DaemonSet, patch client.Patch) (*appsv1.DaemonSet, error) {
	ds = ds.DeepCopy()
	if err := r.client.Patch(ctx, ds, patch, client.FieldOwner(v1beta1.ManagerFieldOwner)); err != nil {
		return nil, err
	}
	state.daemonSet, state.ownership.since = ds, time.Time{}
	state.ownership.observe(ds, r.clock.Now())
	return ds, nil
}
