package job

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/jobcache"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// blockUndecodable says on a Job that cannot be decoded why it is blocked. Its DaemonSet
// and pods stay as they are until the user corrects the Job.
func (r *Reconciler) blockUndecodable(ctx context.Context, undecodable *jobcache.UndecodableError) (ctrl.Result, error) {
	stored := undecodable.Object
	if stored.GetDeletionTimestamp() != nil {
		return ctrl.Result{}, nil
	}
	patch, err := undecodable.ConditionsPatch(r.clock.Now(), map[string]metav1.ConditionStatus{v1beta1.JobBlocked: metav1.ConditionTrue})
	if patch == nil || err != nil {
		return ctrl.Result{}, err
	}
	object := jobcache.Object()
	object.SetNamespace(stored.GetNamespace())
	object.SetName(stored.GetName())
	if err := r.client.Status().Patch(ctx, object, client.RawPatch(types.MergePatchType, patch)); err != nil {
		return retryConflict(err)
	}
	logf.FromContext(ctx).Info("Blocked Job that cannot be decoded", "field", undecodable.Field, "reason", undecodable.Err.Error())
	r.recorder.Eventf(object, nil, corev1.EventTypeWarning, v1beta1.ReasonUndecodable, "Wait", "%s", plan.Shorten(undecodable.Advice(), plan.MaxEventMessage))
	return ctrl.Result{}, nil
}
