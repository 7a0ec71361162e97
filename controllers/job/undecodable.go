package job

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/jobcache"
)

// blockUndecodable says on a Job that cannot be decoded why it is blocked. Its DaemonSet
// and pods stay as they are until the user corrects the Job.
func (r *Reconciler) blockUndecodable(ctx context.Context, undecodable *jobcache.UndecodableError) (ctrl.Result, error) {
	return retryConflict(undecodable.Report(ctx, r.client, r.recorder, r.clock.Now(),
		map[string]metav1.ConditionStatus{v1beta1.JobBlocked: metav1.ConditionTrue}))
}
