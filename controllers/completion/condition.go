package completion

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// record writes what the followers of a pod know into the pod's condition, unless it
// was written.
func (r *Reconciler) record(ctx context.Context, pod *corev1.Pod, t target, started time.Time, known progress) error {
	rotatedAt := logRotatedAt(pod)
	switch {
	case known.found:
		if isStale(pod, known.markedVersion) {
			return nil
		}
		return r.mark(ctx, pod, t, known.output)
	case known.rotated:
		if !rotatedAt.IsZero() || isStale(pod, known.rotatedVersion) {
			return nil
		}
		return r.reportRotated(ctx, pod, t)
	case !rotatedAt.IsZero() && started.After(rotatedAt):
		return r.withdrawRotated(ctx, pod)
	}
	return nil
}

// mark marks the pod as completed, with its output if there is one. Marking a pod twice is
// harmless.
func (r *Reconciler) mark(ctx context.Context, pod *corev1.Pod, t target, output string) error {
	reason, message := v1beta1.ReasonWordLogged, fmt.Sprintf("the container logged the termination word %q", t.word)
	if output != "" {
		reason, message = v1beta1.ReasonOutputLogged, output
	}
	version, err := r.patch(ctx, pod, corev1.PodCondition{
		Type:               v1beta1.PodCompleted,
		Status:             corev1.ConditionTrue,
		Reason:             reason,
		Message:            message,
		LastTransitionTime: metav1.NewTime(r.clock.Now()),
	})
	if err != nil {
		return fmt.Errorf("marking the pod: %w", err)
	}
	r.followers.setMarked(t, version)
	wordsFound.Inc()
	log(ctx, pod).Info("Marked pod as completed", "word", t.word)
	return nil
}

// reportRotated says in the pod that its log was rotated before it was read. The
// followers go on, as the container may log the word again.
func (r *Reconciler) reportRotated(ctx context.Context, pod *corev1.Pod, t target) error {
	version, err := r.patch(ctx, pod, corev1.PodCondition{
		Type:   v1beta1.PodCompleted,
		Status: corev1.ConditionFalse,
		Reason: v1beta1.ReasonLogRotated,
		Message: fmt.Sprintf("the kubelet rotated the container's log before it was read, and the termination word %q may have been in the lost lines: "+
			"log less before the word, say the word again every minute, or use completionMode Exit", t.word),
		LastTransitionTime: metav1.NewTime(r.clock.Now()),
	})
	if err != nil {
		return fmt.Errorf("reporting the rotated log: %w", err)
	}
	r.followers.setRotated(t, version)
	log(ctx, pod).Info("Reported rotated log", "word", t.word)
	return nil
}

// withdrawRotated removes the condition after the kubelet started the container again,
// with a new log.
func (r *Reconciler) withdrawRotated(ctx context.Context, pod *corev1.Pod) error {
	if _, err := r.patch(ctx, pod, map[string]any{"type": v1beta1.PodCompleted, "$patch": "delete"}); err != nil {
		return fmt.Errorf("withdrawing the report of a rotated log: %w", err)
	}
	log(ctx, pod).Info("Withdrew report of a rotated log, since the container was started again")
	return nil
}

// logRotatedAt returns since when the pod says that its log was rotated, or zero.
func logRotatedAt(pod *corev1.Pod) time.Time {
	for i := range pod.Status.Conditions {
		if c := &pod.Status.Conditions[i]; c.Type == v1beta1.PodCompleted && c.Reason == v1beta1.ReasonLogRotated {
			return c.LastTransitionTime.Time
		}
	}
	return time.Time{}
}

// isStale returns whether the cached pod is older than a write that returned that version.
func isStale(pod *corev1.Pod, version string) bool {
	order, err := resourceversion.CompareResourceVersion(pod.ResourceVersion, version)
	return err == nil && order < 0
}

// patch patches the condition of the pod, if the pod still has its UID, and returns the
// new resourceVersion.
//
// A strategic merge patch merges conditions by type, as server-side apply does, and
// costs the API server half as much.
func (r *Reconciler) patch(ctx context.Context, pod *corev1.Pod, condition any) (version string, err error) {
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": pod.UID},
		"status":   map[string]any{"conditions": []any{condition}},
	})
	if err != nil {
		return "", fmt.Errorf("encoding the condition: %w", err)
	}
	patched := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name}}
	err = r.client.Status().Patch(ctx, patched, client.RawPatch(types.StrategicMergePatchType, patch), client.FieldOwner(v1beta1.TerminatorFieldOwner))
	return patched.ResourceVersion, err
}

// log returns the logger for a pod.
func log(ctx context.Context, pod *corev1.Pod) logr.Logger {
	return logf.FromContext(ctx).WithValues("job", pod.Labels[v1beta1.LabelJob], "node", pod.Spec.NodeName)
}
