package job

import (
	"context"
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// Reconciler turns Jobs into DaemonSets, and what it sees of them into the
// Jobs' status. Make one with New.
type Reconciler struct {
	// client reads from the cache and writes to the API server.
	client client.Client
	// live reads from the API server, before what cannot be taken back.
	apiReader client.Reader
	recorder  events.EventRecorder
	clock     clock.PassiveClock
	options   Options

	podIndex *podIndex
	*memory
}

// Options are the settings of the manager's controller.
type Options struct {
	// PauseImage keeps the pods of Jobs in Exit mode when their work is done.
	PauseImage string
	// Concurrency is how many Jobs are reconciled at once. Default: 1.
	Concurrency int
	// Wrap, if set, goes around the reconciler called name, to watch over it.
	Wrap func(name string, r reconcile.Reconciler) reconcile.Reconciler
}

// New makes a Reconciler. cached reads from a cache that holds the Jobs, and
// the DaemonSets, pods and events that SetupWithManager asks for; live reads
// from the API server.
func New(cached client.Client, apiReader client.Reader, recorder events.EventRecorder, clk clock.PassiveClock, options Options) *Reconciler {
	return &Reconciler{
		client: cached, apiReader: apiReader, recorder: recorder, clock: clk, options: options,
		podIndex: newPodIndex(), memory: newMemory(options.PauseImage),
	}
}

// +kubebuilder:rbac:groups=daemonset.darkowlzz.space,resources=jobs,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=daemonset.darkowlzz.space,resources=jobs/status,verbs=patch
// +kubebuilder:rbac:groups=daemonset.darkowlzz.space,resources=jobs/finalizers,verbs=update
// +kubebuilder:rbac:groups=apps,resources=daemonsets,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups="",resources=pods,verbs=get;list;watch;patch;delete
// +kubebuilder:rbac:groups="",resources=events,verbs=list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconcile brings one Job a step further: its DaemonSet first, then the status,
// and what cannot be taken back last, when the status that says why is written.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	job, err := r.getJob(ctx, req.NamespacedName)
	if job == nil || err != nil {
		return ctrl.Result{}, err
	}
	ctx = logf.IntoContext(ctx, logf.FromContext(ctx).WithValues("jobUID", job.UID))
	if job.Finished() != nil {
		return r.finish(ctx, job)
	}

	f, daemonSetErr := r.observe(ctx, job)
	if f == nil {
		return ctrl.Result{}, daemonSetErr
	}
	if f.retries() {
		if f, err = r.retry(ctx, job); f == nil || err != nil {
			return ctrl.Result{}, errors.Join(daemonSetErr, err)
		}
	}
	d := decide(f)
	if d.Outcome.Result == fail || d.Outcome.Result == hold {
		if f, err = r.observeLive(ctx, job); f == nil || err != nil {
			return ctrl.Result{}, errors.Join(daemonSetErr, err)
		}
		d = decide(f)
	}
	if d.Outcome.Result == hold {
		return ctrl.Result{}, r.suspend(ctx, f.job, d.Outcome)
	}
	wait, err := r.writeStatus(ctx, f, &d)
	switch {
	case apierrors.IsConflict(err), apierrors.IsNotFound(err):
		// The cache is behind, and an event is on its way; this is for the case that it was already there.
		return ctrl.Result{RequeueAfter: minStatusInterval}, daemonSetErr
	case err != nil:
		return ctrl.Result{}, errors.Join(daemonSetErr, err)
	case d.Outcome.Result == complete, d.Outcome.Result == fail:
		return r.finish(ctx, r.jobs.newer(f.job))
	}
	return ctrl.Result{RequeueAfter: soonest(wait, r.untilDeadline(f), recheck(f))}, errors.Join(daemonSetErr, r.moveNodes(ctx, f))
}

// getJob is the freshest known Job, or nil if there is nothing to do for it:
// garbage collection takes what a deleted Job owns.
func (r *Reconciler) getJob(ctx context.Context, name client.ObjectKey) (*v1beta1.Job, error) {
	cached := &v1beta1.Job{}
	if err := client.IgnoreNotFound(r.client.Get(ctx, name, cached)); err != nil {
		return nil, err
	}
	r.see(name, cached.UID)
	if cached.UID == "" {
		return nil, nil
	}
	job := r.jobs.newer(cached)
	if !job.DeletionTimestamp.IsZero() {
		r.see(name, "")
		return nil, nil
	}
	return job.DeepCopy(), nil
}

// untilDeadline is how long it is to the Job's deadline, 0 if it has none.
func (r *Reconciler) untilDeadline(f *State) time.Duration {
	at, ok := f.deadline()
	if !ok {
		return 0
	}
	return max(time.Millisecond, at.Sub(r.clock.Now()))
}

// recheck is how long until an obstacle is looked at again that no event tells
// the end of: objects of others are not in the cache.
func recheck(f *State) time.Duration {
	switch f.blocker.reason {
	case v1beta1.ReasonDaemonSetNameTaken:
		return 10 * time.Second
	case v1beta1.ReasonDaemonSetRefused:
		// What refused it may be a policy that is being mended.
		return 30 * time.Second
	}
	return 0
}

// soonest is the shortest of those that are above 0, or 0.
func soonest(durations ...time.Duration) time.Duration {
	var first time.Duration
	for _, d := range durations {
		if d > 0 && (first == 0 || d < first) {
			first = d
		}
	}
	return first
}
