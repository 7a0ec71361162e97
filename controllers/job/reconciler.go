package job

import (
	"context"
	"errors"
	"math"
	"time"

	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	"github.com/darkowlzz/daemonset-job/internal/guard"
	"github.com/darkowlzz/daemonset-job/internal/jobcache"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// Reconciler turns Jobs into DaemonSets, and what it observes of them into the
// Jobs' status. Make one with New.
type Reconciler struct {
	// client reads from the informer cache and writes to the API server.
	client client.Client
	// apiReader reads from the API server, before steps that cannot be undone.
	apiReader client.Reader
	recorder  events.EventRecorder
	clock     clock.PassiveClock
	options   Options

	podIndex    *podIndex
	nodeIndex   *nodeIndex
	recordIndex *recordIndex
	states      *jobStates
}

// Options are the settings of the manager's controller.
type Options struct {
	// Installation names this installation of the operator on the DaemonSets that it
	// applies. Empty, it knows no others: only for a cluster that has no other.
	Installation string
	// Pause keeps the pods of Jobs in Exit mode when their work is done.
	Pause daemonset.Pause
	// Concurrency is how many Jobs are reconciled at once. Default: 1.
	Concurrency int
	// Guard, if set, observes the admission policy for Jobs. Without one, none is needed.
	Guard *guard.Keeper
	// Wrap, if set, wraps the reconciler called name, as a watchdog does.
	Wrap func(name string, r reconcile.Reconciler) reconcile.Reconciler
}

// New returns a Reconciler. cached reads from a cache that holds the Jobs, and
// the DaemonSets, pods and events that SetupWithManager asks for. apiReader reads
// from the API server.
func New(cached client.Client, apiReader client.Reader, recorder events.EventRecorder, clk clock.PassiveClock, options Options) *Reconciler {
	return &Reconciler{
		client: cached, apiReader: apiReader, recorder: recorder, clock: clk, options: options,
		podIndex: newPodIndex(), nodeIndex: newNodeIndex(), recordIndex: newRecordIndex(), states: newJobStates(),
	}
}

// The right to read nodes is in config/rbac/node_reader_role.yaml: nodes have no
// namespace, and OLM grants the rights below in single namespaces.
//
// +kubebuilder:rbac:groups=daemonset.darkowlzz.space,resources=jobs,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=daemonset.darkowlzz.space,resources=jobs/status,verbs=patch
// +kubebuilder:rbac:groups=daemonset.darkowlzz.space,resources=cronjobs,verbs=get;list;watch
// +kubebuilder:rbac:groups=daemonset.darkowlzz.space,resources=jobs/finalizers,verbs=update
// +kubebuilder:rbac:groups=daemonset.darkowlzz.space,resources=jobrecords,verbs=get;list;watch;create;update
// +kubebuilder:rbac:groups=apps,resources=daemonsets,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups="",resources=pods,verbs=list;watch;patch;delete
// +kubebuilder:rbac:groups="",resources=events,verbs=list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// staleRetryDelay is when to look again at a Job that the cache showed as it no longer is.
const staleRetryDelay = 5 * time.Second

// errStale ends a reconcile of a Job that the cache shows as it no longer is. The
// event that brings the cache up to date starts another one, unless it says no more than the
// status that this manager wrote, and whose answer was lost.
var errStale = errors.New("the cached Job is stale")

// Reconcile does one Plan for one Job.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	var undecodable *jobcache.UndecodableError
	var others *othersError
	job, state, err := r.load(ctx, req.NamespacedName)
	switch {
	case errors.As(err, &undecodable):
		return r.blockUndecodable(ctx, undecodable)
	case job == nil, err != nil:
		return ctrl.Result{}, err
	}
	ctx = logf.IntoContext(ctx, logf.FromContext(ctx).WithValues("jobUID", job.UID))
	result, err := r.reconcile(ctx, state, job)
	switch {
	case errors.Is(err, errStale):
		return ctrl.Result{RequeueAfter: staleRetryDelay}, nil
	case errors.Is(err, errLate):
		return decideAgain, nil
	case errors.As(err, &others):
		return ctrl.Result{RequeueAfter: others.retryAfter}, nil
	case errors.As(err, &undecodable):
		return r.blockUndecodable(ctx, undecodable)
	}
	state.recordFailure(err, r.clock.Now())
	return result, errors.Join(err, r.reportFailure(ctx, state, job))
}

// reconcile syncs the DaemonSet, observes, computes and executes.
func (r *Reconciler) reconcile(ctx context.Context, state *jobState, job *v1beta1.Job) (ctrl.Result, error) {
	observedGuard, err := r.observeGuard(ctx)
	if err != nil {
		return ctrl.Result{}, err
	}
	ds, blocker, syncErr := r.syncDaemonSet(ctx, state, job, observedGuard)
	if ds == nil && syncErr != nil {
		return ctrl.Result{}, syncErr
	}
	list, _ := podLists.Get().(*[]plan.Pod)
	defer podLists.Put(list)
	observed, err := r.observe(ctx, state, job, ds, blocker, (*list)[:0])
	if len(observed.Pods) > 0 {
		*list = observed.Pods
	}
	if err != nil {
		return ctrl.Result{}, errors.Join(syncErr, err)
	}
	observed.Guard = observedGuard
	gone := r.podIndex.gonePods(client.ObjectKeyFromObject(job))
	observed.Pods = append(observed.Pods, gone...)
	p := plan.Compute(observed)
	state.records.Unwritten = p.Unwritten
	r.podIndex.forgetGone(client.ObjectKeyFromObject(job), len(gone))
	if p.ReadLive {
		if observed, err = r.observeLive(ctx, state, observed); err != nil {
			return ctrl.Result{}, errors.Join(syncErr, err)
		}
		p = plan.Compute(observed)
		state.records.Unwritten = p.Unwritten
	}
	r.podIndex.await(client.ObjectKeyFromObject(job), p.Awaits)
	if err := r.checkLate(ctx, &observed); err != nil {
		return ctrl.Result{}, errors.Join(syncErr, err)
	}
	result, err := r.execute(ctx, state, observed, p)
	return result, errors.Join(syncErr, err)
}

// observeGuard returns what was last observed of the admission policy for Jobs. It waits
// for the first answer of the API server, which has a timeout below that of a reconcile:
// before it, nothing is decided.
func (r *Reconciler) observeGuard(ctx context.Context) (plan.Guard, error) {
	if r.options.Guard == nil {
		return plan.Guard{}, nil
	}
	return r.options.Guard.Observed(ctx)
}

// load returns the newest known version of a Job with its jobState. It returns nil
// for a Job that is gone: garbage collection takes what the Job owns.
func (r *Reconciler) load(ctx context.Context, name client.ObjectKey) (*v1beta1.Job, *jobState, error) {
	cached, err := jobcache.Get(ctx, r.client, name)
	if client.IgnoreNotFound(err) != nil {
		return nil, nil, err
	}
	if cached == nil {
		r.forget(name)
		return nil, nil, nil
	}
	state := r.states.of(name, cached.UID)
	return newest(&state.job, cached), state, nil
}

// forget drops what is known of a Job that is deleted.
func (r *Reconciler) forget(name client.ObjectKey) {
	r.podIndex.forgetGone(name, math.MaxInt)
	r.recordIndex.forget(name)
	r.states.forget(name)
}
