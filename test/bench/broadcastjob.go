package main

import (
	"math"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// broadcastJobKind is OpenKruise's kind. The operator does not depend on its Go module,
// so objects of it are unstructured.
var broadcastJobKind = schema.GroupVersionKind{Group: "apps.kruise.io", Version: "v1alpha1", Kind: "BroadcastJob"}

func broadcastJobs() client.ObjectList {
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(broadcastJobKind.GroupVersion().WithKind(broadcastJobKind.Kind + "List"))
	return list
}

// broadcastJob returns a BroadcastJob with the same work. It sets the defaults that
// OpenKruise's webhook would set. Its pods end when their work is done.
func (w workload) broadcastJob(namespace string) client.Object {
	selector := map[string]any{}
	for key, value := range w.selector {
		selector[key] = value
	}
	ttl := int64(0) // OpenKruise deletes it when it is complete, as the terminator deletes a Job.
	if w.kept {
		ttl = keptSeconds
	}
	spec := map[string]any{
		"completionPolicy": map[string]any{"type": "Always", "ttlSecondsAfterFinished": ttl},
		"failurePolicy":    map[string]any{"type": "FailFast"},
		"parallelism":      int64(math.MaxInt32),
		"template": map[string]any{
			"metadata": map[string]any{"labels": map[string]any{labelBench: benchEnds}},
			"spec": map[string]any{
				"nodeSelector": selector, "restartPolicy": string(corev1.RestartPolicyOnFailure),
				"containers":                   []any{map[string]any{"name": v1beta1.ContainerName, "image": image}},
				"automountServiceAccountToken": false, "terminationGracePeriodSeconds": int64(0),
			},
		},
	}
	if w.parallelism != "" {
		spec["parallelism"] = w.parallelism
	}
	job := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	job.SetGroupVersionKind(broadcastJobKind)
	job.SetNamespace(namespace)
	job.SetName(w.name)
	return job
}

// broadcastJobComplete returns whether a BroadcastJob has the condition Complete.
func broadcastJobComplete(job *unstructured.Unstructured) bool {
	conditions, _, _ := unstructured.NestedSlice(job.Object, "status", "conditions") // An unreadable list counts as empty.
	return slices.ContainsFunc(conditions, func(c any) bool {
		condition, ok := c.(map[string]any)
		return ok && condition["type"] == "Complete" && condition["status"] == string(metav1.ConditionTrue)
	})
}
