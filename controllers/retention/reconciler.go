// Package retention deletes JobRecords that outlive their Job, when their time is over. It reads
// whether the Job is there, never what it says.
package retention

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/jobcache"
)

const (
	// conflictRetryDelay is how long to wait when the record changed between read and delete.
	conflictRetryDelay = 100 * time.Millisecond
	// staleRetryDelay is how long to wait when the cache lacks a Job that is there.
	staleRetryDelay = 5 * time.Second
)

// Reconciler deletes retained JobRecords. New creates one.
type Reconciler struct {
	client    client.Client
	apiReader client.Reader
	clock     clock.PassiveClock
}

// New returns a Reconciler. cached reads Jobs and the metadata of JobRecords from the informer
// cache, and apiReader reads from the API server.
func New(cached client.Client, apiReader client.Reader, clk clock.PassiveClock) *Reconciler {
	return &Reconciler{client: cached, apiReader: apiReader, clock: clk}
}

// +kubebuilder:rbac:groups=daemonset.darkowlzz.space,resources=jobs,verbs=get;list;watch
// +kubebuilder:rbac:groups=daemonset.darkowlzz.space,resources=jobrecords,verbs=get;list;watch;delete

// Reconcile deletes a JobRecord whose Job is gone and whose time is over, or requeues it for
// when that is. The deletion of the Job enqueues the others.
//
// The cache only saves requests. What is deleted is what the API server has: a Job that is gone
// never comes back under its UID, and the preconditions protect a record that was written, or
// made again, after it was read.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	cached := recordMetadata()
	if err := r.client.Get(ctx, req.NamespacedName, cached, client.UnsafeDisableDeepCopy); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !isRetained(cached) {
		return ctrl.Result{}, nil
	}
	if exists, err := jobExists(ctx, r.client, cached, jobcache.Object()); exists || err != nil {
		return ctrl.Result{}, err
	}

	record := &v1beta1.JobRecord{}
	if err := r.apiReader.Get(ctx, req.NamespacedName, record); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	at, retained := expiry(record)
	if !retained || !isRetained(record) || !record.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil
	}
	if wait := at.Sub(r.clock.Now()); wait > 0 {
		return ctrl.Result{RequeueAfter: wait}, nil
	}
	switch exists, err := jobExists(ctx, r.apiReader, record, jobMetadata()); {
	case err != nil:
		return ctrl.Result{}, err
	case exists:
		// If the Job goes before the informer sees it, no event enqueues the record.
		return ctrl.Result{RequeueAfter: staleRetryDelay}, nil
	}
	err := r.client.Delete(ctx, record, client.Preconditions{UID: &record.UID, ResourceVersion: &record.ResourceVersion})
	switch {
	case apierrors.IsNotFound(err):
		return ctrl.Result{}, nil
	case apierrors.IsConflict(err):
		return ctrl.Result{RequeueAfter: conflictRetryDelay}, nil
	case err != nil:
		return ctrl.Result{}, fmt.Errorf("deleting JobRecord: %w", err)
	}
	logf.FromContext(ctx).Info("Deleted JobRecord", "job", record.Labels[v1beta1.LabelJob], "nodes", len(record.Spec.Nodes))
	return ctrl.Result{}, nil
}

// isRetained returns whether a JobRecord may outlive its Job, and says which Job that is.
func isRetained(record client.Object) bool {
	return metav1.GetControllerOf(record) == nil && jobOf(record).Name != "" && jobUIDOf(record) != ""
}

// jobExists returns whether the reader has the Job of a JobRecord. One of the same name with
// another UID is a later Job. job is an empty object of the kind to read.
func jobExists(ctx context.Context, reader client.Reader, record, job client.Object) (bool, error) {
	err := reader.Get(ctx, jobOf(record), job, client.UnsafeDisableDeepCopy)
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading the Job of the JobRecord: %w", err)
	}
	return job.GetUID() == jobUIDOf(record), nil
}

func jobOf(record client.Object) types.NamespacedName {
	return types.NamespacedName{Namespace: record.GetNamespace(), Name: record.GetLabels()[v1beta1.LabelJob]}
}

func jobUIDOf(record client.Object) types.UID {
	return types.UID(record.GetLabels()[v1beta1.LabelJobUID])
}

func recordMetadata() *metav1.PartialObjectMetadata { return jobcache.Metadata("JobRecord") }

// jobMetadata reads no spec and no status, so that it also reads a Job that cannot be decoded.
func jobMetadata() *metav1.PartialObjectMetadata { return jobcache.Metadata("Job") }
