package jobcache

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// Advice says what cannot be decoded, and what the user can do.
func (e *UndecodableError) Advice() string {
	return fmt.Sprintf("the manager cannot decode %s: %s; correct it in the %s: what runs stays as it is until then",
		plan.Shorten(e.Field, plan.MaxSentence), plan.Shorten(e.Err.Error(), plan.MaxSentence), e.Object.GetKind())
}

// Report writes the Advice into conditions of these types and statuses, and emits it as an
// event. It does nothing if the conditions say so already, or the object is being deleted.
func (e *UndecodableError) Report(ctx context.Context, writer client.StatusClient, recorder events.EventRecorder, now time.Time, wanted map[string]metav1.ConditionStatus) error {
	if e.Object.GetDeletionTimestamp() != nil {
		return nil
	}
	patch, err := e.ConditionsPatch(now, wanted)
	if patch == nil || err != nil {
		return err
	}
	object := objectOf(e.Object.GetKind())
	object.SetNamespace(e.Object.GetNamespace())
	object.SetName(e.Object.GetName())
	if err := writer.Status().Patch(ctx, object, client.RawPatch(types.MergePatchType, patch)); err != nil {
		return err
	}
	logf.FromContext(ctx).Info("Reported object that cannot be decoded", "field", e.Field, "reason", e.Err.Error())
	recorder.Eventf(object, nil, corev1.EventTypeWarning, v1beta1.ReasonUndecodable, "Wait", "%s", plan.Shorten(e.Advice(), plan.MaxEventMessage))
	return nil
}

// ConditionsPatch returns a merge patch of the status that sets these types of conditions, with
// the statuses, to the Advice. It is nil if the conditions say so already. Other conditions
// stay as they are stored. The patch is refused if the object changed since.
func (e *UndecodableError) ConditionsPatch(now time.Time, wanted map[string]metav1.ConditionStatus) ([]byte, error) {
	stored := e.Object
	conditions, _, err := unstructured.NestedSlice(stored.Object, "status", "conditions")
	if err != nil {
		return nil, fmt.Errorf("reading conditions: %w", err)
	}
	before := slices.Clone(conditions)
	for _, conditionType := range slices.Sorted(maps.Keys(wanted)) {
		conditions = setCondition(conditions, map[string]any{
			"type": conditionType, "status": string(wanted[conditionType]), "reason": v1beta1.ReasonUndecodable, "message": e.Advice(),
			"observedGeneration": stored.GetGeneration(), "lastTransitionTime": now.UTC().Format(time.RFC3339),
		})
	}
	if reflect.DeepEqual(before, conditions) {
		return nil, nil
	}
	return json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": stored.GetUID(), "resourceVersion": stored.GetResourceVersion()},
		"status":   map[string]any{"conditions": conditions},
	})
}

// setCondition returns the conditions with this one in the place of the one of its type. A
// condition that keeps its status keeps the time of its last transition.
func setCondition(conditions []any, condition map[string]any) []any {
	for i := range conditions {
		last, ok := conditions[i].(map[string]any)
		if !ok || last["type"] != condition["type"] {
			continue
		}
		if last["status"] == condition["status"] {
			condition["lastTransitionTime"] = last["lastTransitionTime"]
		}
		conditions[i] = condition
		return conditions
	}
	return append(conditions, condition)
}
