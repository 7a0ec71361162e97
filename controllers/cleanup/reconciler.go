// Package cleanup deletes finished Jobs after their TTL. It reads only the Jobs and
// their conditions, never pods.
package cleanup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/jobcache"
	"github.com/darkowlzz/daemonset-job/internal/ratelimit"
)

const (
	controllerName = "cleanup"
	// conflictRetryDelay is how long to wait when the Job changed between read and delete.
	conflictRetryDelay = 100 * time.Millisecond
	// maxConcurrentReconciles bounds how many Jobs are deleted at once. One at a time,
	// Jobs could wait so long that the manager reports the terminator as dead.
	maxConcurrentReconciles = 8
)

var jobsDeleted = prometheus.NewCounter(prometheus.CounterOpts{
	Name: "daemonset_job_jobs_deleted_total",
	Help: "Number of finished Jobs that were deleted.",
})

// Collectors returns the metrics of the controller.
func Collectors() []prometheus.Collector {
	return []prometheus.Collector{jobsDeleted}
}

// Reconciler deletes finished Jobs. New creates one.
type Reconciler struct {
	client    client.Client
	apiReader client.Reader
	clock     clock.PassiveClock
}

// New returns a Reconciler. cached reads Jobs from the informer cache, and apiReader
// reads them from the API server.
func New(cached client.Client, apiReader client.Reader, clk clock.PassiveClock) *Reconciler {
	return &Reconciler{client: cached, apiReader: apiReader, clock: clk}
}

// SetupWithManager adds the controller to mgr. wrap, if not nil, wraps the reconciler
// to monitor it.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, wrap func(string, reconcile.Reconciler) reconcile.Reconciler) error {
	reconciler := reconcile.Reconciler(r)
	if wrap != nil {
		reconciler = wrap(controllerName, r)
	}
	return ctrl.NewControllerManagedBy(mgr).Named(controllerName).For(jobcache.Object()).
		WithOptions(controller.Options{MaxConcurrentReconciles: maxConcurrentReconciles, RateLimiter: ratelimit.New()}).Complete(reconciler)
}

// +kubebuilder:rbac:groups=daemonset.darkowlzz.space,resources=jobs,verbs=get;list;watch;delete

// Reconcile deletes an expired Job, or requeues it for when it expires.
//
// It reads the Job from the API server and checks it again before the deletion,
// which must not rely on a stale cache. The preconditions protect a Job that a user
// recreates, or gives a longer TTL, after that read.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	var job *v1beta1.Job
	for _, reader := range []client.Reader{r.client, r.apiReader} {
		var err error
		job, err = jobcache.Get(ctx, reader, req.NamespacedName)
		if undecodable := (*jobcache.UndecodableError)(nil); errors.As(err, &undecodable) {
			// The manager says so on the Job. The user's correction enqueues the Job again.
			logf.FromContext(ctx).Info("Kept Job that cannot be decoded", "field", undecodable.Field, "reason", undecodable.Err.Error())
			return ctrl.Result{}, nil
		}
		if err != nil {
			return ctrl.Result{}, client.IgnoreNotFound(err)
		}
		at, ok := expiry(job)
		if !ok {
			return ctrl.Result{}, nil
		}
		if wait := at.Sub(r.clock.Now()); wait > 0 {
			return ctrl.Result{RequeueAfter: wait}, nil
		}
	}
	err := r.client.Delete(ctx, job, client.PropagationPolicy(metav1.DeletePropagationBackground),
		client.Preconditions{UID: &job.UID, ResourceVersion: &job.ResourceVersion})
	switch {
	case apierrors.IsNotFound(err):
		return ctrl.Result{}, nil
	case apierrors.IsConflict(err):
		return ctrl.Result{RequeueAfter: conflictRetryDelay}, nil
	case err != nil:
		return ctrl.Result{}, fmt.Errorf("deleting the Job: %w", err)
	}
	jobsDeleted.Inc()
	logf.FromContext(ctx).Info("Deleted Job", "phase", job.Status.Phase, "completed", job.Status.Completed, "failed", job.Status.Failed)
	return ctrl.Result{}, nil
}
