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

// broadcastJobKind is OpenKruise's kind, which is none of the operator's dependencies.
var broadcastJobKind = schema.GroupVersionKind{Group: "apps.kruise.io", Version: "v1alpha1", Kind: "BroadcastJob"}

func broadcastJobs() client.ObjectList {
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(broadcastJobKind.GroupVersion().WithKind(broadcastJobKind.Kind + "List"))
	return list
}

// broadcastJob makes a BroadcastJob of the same work, with the defaults that its
// webhook would fill in. Its pods end when they are done.
func (w workload) broadcastJob(namespace string) client.Object {
	selector := map[string]any{}
	for key, value := range w.selector {
		selector[key] = value
	}
	spec := map[string]any{
		// It deletes itself when it is complete, as a Job does.
		"completionPolicy": map[string]any{"type": "Always", "ttlSecondsAfterFinished": int64(0)},
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

// broadcastJobComplete says whether a BroadcastJob is.
func broadcastJobComplete(job *unstructured.Unstructured) bool {
	conditions, _, _ := unstructured.NestedSlice(job.Object, "status", "conditions") // Wrong ones are none.
	return slices.ContainsFunc(conditions, func(c any) bool {
		condition, ok := c.(map[string]any)
		return ok && condition["type"] == "Complete" && condition["status"] == string(metav1.ConditionTrue)
	})
}
