package cronjob

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/jobcache"
)

// stallUndecodable says on a CronJob that cannot be decoded why it is stalled. Its Jobs stay as
// they are until the user corrects it.
func (r *Reconciler) stallUndecodable(ctx context.Context, undecodable *jobcache.UndecodableError) (ctrl.Result, error) {
	return retryConflict(undecodable.Report(ctx, r.client, r.recorder, r.clock.Now(), map[string]metav1.ConditionStatus{
		v1beta1.CronJobReady: metav1.ConditionFalse, v1beta1.CronJobStalled: metav1.ConditionTrue,
	}))
}
