package job

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/jobcache"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// labelForBackup applies the patch to this very version of the Job, and enters the
// result in the State and the jobState. A policy that refuses it costs only the label,
// and a retry changes nothing: the Job works without it.
func (r *Reconciler) labelForBackup(ctx context.Context, state *jobState, s *plan.State, patch client.Patch) error {
	object := jobcache.Object()
	object.SetNamespace(s.Job.Namespace)
	object.SetName(s.Job.Name)
	err := r.client.Patch(ctx, object, patch, client.FieldOwner(v1beta1.ManagerFieldOwner))
	switch {
	case apierrors.IsForbidden(err), apierrors.IsInvalid(err):
		logf.FromContext(ctx).Error(err, "Failed to change the label that keeps finished Jobs out of backups",
			"label", v1beta1.LabelExcludeFromBackup)
		return nil
	case err != nil:
		return fmt.Errorf("labelling the Job for backups: %w", err)
	}
	job, err := jobcache.Decode(object)
	if err != nil {
		return err
	}
	state.job, s.Job = job, job
	return nil
}
