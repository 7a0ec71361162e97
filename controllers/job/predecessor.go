package job

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// predecessor returns a Blocker while pods of an earlier DaemonSet with the Job's
// labels may still run, as after kubectl replace --force. Their work would run
// at the same time as the new one's: twice on a node, and more than parallelism at once. It is
// called before a DaemonSet is created, and lists the pods live.
func (r *Reconciler) predecessor(ctx context.Context, job *v1beta1.Job) (plan.Blocker, error) {
	pods, err := r.listPods(ctx, job)
	if err != nil || len(pods) == 0 {
		return plan.Blocker{}, err
	}
	nodes, err := r.listNodes(ctx, &plan.AnyNode)
	if err != nil {
		return plan.Blocker{}, err
	}
	stopping := plan.PodsOfPredecessor(pods, nodes, r.clock.Now())
	if len(stopping) == 0 {
		return plan.Blocker{}, nil
	}
	return predecessorStopping(fmt.Sprintf("%d pods of an earlier Job or DaemonSet of this name may still be at work: %s on %s",
		len(stopping), stopping[0].Name, stopping[0].Node)), nil
}

func predecessorStopping(what string) plan.Blocker {
	return plan.Blocker{Reason: v1beta1.ReasonPredecessorStopping, Message: what + "; the Job starts when nothing of it is left"}
}

// isPredecessor returns whether the DaemonSet was an earlier Job's of this name.
func isPredecessor(ds *appsv1.DaemonSet, job *v1beta1.Job) bool {
	owner := metav1.GetControllerOf(ds)
	return owner != nil && owner.Kind == "Job" && owner.APIVersion == v1beta1.GroupVersion.String() && owner.Name == job.Name
}
