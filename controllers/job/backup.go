package job

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// labelForBackup applies the patch to this very version of the Job, and enters the
// result in the State and the jobState. A policy that refuses it costs only the label,
// and a retry changes nothing: the Job goes on without.
func (r *Reconciler) labelForBackup(ctx context.Context, state *jobState, s *plan.State, patch client.Patch) error {
	job := &v1beta1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: s.Job.Namespace, Name: s.Job.Name}}
	err := r.client.Patch(ctx, job, patch, client.FieldOwner(v1beta1.ManagerFieldOwner))
	switch {
	case apierrors.IsForbidden(err), apierrors.IsInvalid(err):
		logf.FromContext(ctx).Error(err, "Failed to change the label that keeps finished Jobs out of backups",
			"label", v1beta1.LabelExcludeFromBackup)
		return nil
	case err != nil:
		return fmt.Errorf("labelling the Job for backups: %w", err)
	}
	state.job, s.Job = job, job
	return nil
}
