package job

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
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
	message := fmt.Sprintf("the manager cannot decode %s: %s; correct it in the Job: what runs stays as it is until then",
		plan.Shorten(undecodable.Field, plan.MaxSentence), plan.Shorten(undecodable.Err.Error(), plan.MaxSentence))
	patch, err := blockedPatch(stored, message, r.clock.Now())
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
	r.recorder.Eventf(object, nil, corev1.EventTypeWarning, v1beta1.ReasonUndecodable, "Wait", "%s", message)
	return ctrl.Result{}, nil
}

// blockedPatch returns the patch of a Job's status that sets the condition Blocked, nil if
// the condition says so already. Other conditions stay as they are stored.
func blockedPatch(stored *unstructured.Unstructured, message string, now time.Time) ([]byte, error) {
	blocked := map[string]any{
		"type": v1beta1.JobBlocked, "status": string(metav1.ConditionTrue), "reason": v1beta1.ReasonUndecodable,
		"message": message, "observedGeneration": stored.GetGeneration(), "lastTransitionTime": now.UTC().Format(time.RFC3339),
	}
	conditions, _, err := unstructured.NestedSlice(stored.Object, "status", "conditions")
	if err != nil {
		return nil, fmt.Errorf("reading conditions: %w", err)
	}
	present := false
	for i := range conditions {
		last, ok := conditions[i].(map[string]any)
		if !ok || last["type"] != v1beta1.JobBlocked {
			continue
		}
		if last["status"] == blocked["status"] {
			blocked["lastTransitionTime"] = last["lastTransitionTime"]
		}
		if reflect.DeepEqual(last, blocked) {
			return nil, nil
		}
		conditions[i], present = blocked, true
	}
	if !present {
		conditions = append(conditions, blocked)
	}
	return json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": stored.GetUID(), "resourceVersion": stored.GetResourceVersion()},
		"status":   map[string]any{"conditions": conditions},
	})
}
