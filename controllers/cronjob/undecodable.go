package cronjob

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

// stallUndecodable says on a CronJob that cannot be decoded why it is stalled. Its Jobs stay as
// they are until the user corrects it.
func (r *Reconciler) stallUndecodable(ctx context.Context, undecodable *jobcache.UndecodableError) (ctrl.Result, error) {
	stored := undecodable.Object
	if stored.GetDeletionTimestamp() != nil {
		return ctrl.Result{}, nil
	}
	patch, err := undecodable.ConditionsPatch(r.clock.Now(), map[string]metav1.ConditionStatus{
		v1beta1.CronJobReady: metav1.ConditionFalse, v1beta1.CronJobStalled: metav1.ConditionTrue,
	})
	if patch == nil || err != nil {
		return ctrl.Result{}, err
	}
	object := jobcache.CronJobObject()
	object.SetNamespace(stored.GetNamespace())
	object.SetName(stored.GetName())
	if err := r.client.Status().Patch(ctx, object, client.RawPatch(types.MergePatchType, patch)); err != nil {
		return retryConflict(err)
	}
	logf.FromContext(ctx).Info("Stalled CronJob that cannot be decoded", "field", undecodable.Field, "reason", undecodable.Err.Error())
	r.recorder.Eventf(object, nil, corev1.EventTypeWarning, v1beta1.ReasonUndecodable, "Wait", "%s", plan.Shorten(undecodable.Advice(), plan.MaxEventMessage))
	return ctrl.Result{}, nil
}
