package cronjob

import (
	"context"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/guard"
	"github.com/darkowlzz/daemonset-job/internal/jobcache"
	"github.com/darkowlzz/daemonset-job/internal/schedule"
)

// Reconciler creates and deletes the Jobs of CronJobs. Make one with New.
type Reconciler struct {
	// client reads from the informer cache and writes to the API server.
	client client.Client
	// apiReader reads from the API server, before a Job is created.
	apiReader client.Reader
	recorder  events.EventRecorder
	clock     clock.PassiveClock
	options   Options
	attempts  attempts
}

// Options are the settings of the controller.
type Options struct {
	// Concurrency is how many CronJobs are reconciled at once. Default: 1.
	Concurrency int
	// Guard, if set, observes the admission policy for CronJobs. Without one, none is needed.
	Guard *guard.Keeper
	// Wrap, if set, wraps the reconciler called name, as a watchdog does.
	Wrap func(name string, r reconcile.Reconciler) reconcile.Reconciler
}

// New returns a Reconciler. cached reads from a cache that holds CronJobs and Jobs. apiReader
// reads from the API server.
func New(cached client.Client, apiReader client.Reader, recorder events.EventRecorder, clk clock.PassiveClock, options Options) *Reconciler {
	return &Reconciler{client: cached, apiReader: apiReader, recorder: recorder, clock: clk, options: options}
}

// +kubebuilder:rbac:groups=daemonset.darkowlzz.space,resources=cronjobs,verbs=get;list;watch
// +kubebuilder:rbac:groups=daemonset.darkowlzz.space,resources=cronjobs/status,verbs=patch
// +kubebuilder:rbac:groups=daemonset.darkowlzz.space,resources=cronjobs/finalizers,verbs=update
// +kubebuilder:rbac:groups=daemonset.darkowlzz.space,resources=jobs,verbs=get;list;watch;create;delete
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconcile does one Decision for one CronJob. The event of a status that it writes starts the
// next one.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	cronJob, err := jobcache.GetCronJob(ctx, r.client, req.NamespacedName)
	if undecodable := (*jobcache.UndecodableError)(nil); errors.As(err, &undecodable) {
		return r.stallUndecodable(ctx, undecodable)
	}
	if err != nil {
		if client.IgnoreNotFound(err) == nil {
			r.attempts.forget(req.NamespacedName)
			return ctrl.Result{}, nil
		}
		return ctrl.Result{}, err
	}
	state, err := r.observe(ctx, cronJob)
	if err != nil {
		return ctrl.Result{}, err
	}
	return r.execute(ctx, state, schedule.Decide(state))
}

// observe returns what a Decision about the CronJob rests on.
func (r *Reconciler) observe(ctx context.Context, cronJob *v1beta1.CronJob) (*schedule.State, error) {
	last := r.attempts.of(cronJob)
	state := &schedule.State{CronJob: cronJob, CreatedUID: last.job, Refusal: last.refused(), Now: r.clock.Now()}
	if r.options.Guard != nil {
		observed, err := r.options.Guard.Observed(ctx)
		if err != nil {
			return nil, err
		}
		state.Guard = schedule.Guard{Missing: observed.Missing, Since: observed.Since}
	}
	var err error
	if state.Children, err = jobcache.ListControlled(ctx, r.client, cronJob.Namespace, cronJob.UID); err != nil {
		return nil, fmt.Errorf("listing the CronJob's Jobs: %w", err)
	}
	if pending := cronJob.Status.Pending; pending != nil && childNamed(state.Children, pending.Name) == nil {
		if state.Named, err = r.readNamed(ctx, client.ObjectKey{Namespace: cronJob.Namespace, Name: pending.Name}); err != nil {
			return nil, err
		}
	}
	return state, nil
}

// readNamed returns the metadata of the Job of a name as the API server has it, nil if there
// is none.
func (r *Reconciler) readNamed(ctx context.Context, key client.ObjectKey) (*metav1.PartialObjectMetadata, error) {
	job := jobcache.Metadata("Job")
	if err := r.apiReader.Get(ctx, key, job); err != nil {
		if client.IgnoreNotFound(err) == nil {
			return nil, nil
		}
		return nil, fmt.Errorf("reading the pending run's Job: %w", err)
	}
	return job, nil
}

func childNamed(children []*v1beta1.Job, name string) *v1beta1.Job {
	for _, job := range children {
		if job.Name == name {
			return job
		}
	}
	return nil
}
