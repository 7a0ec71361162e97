package job

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// Each patch carries the UID of the object that it is meant for: the API server
// refuses it for another object of that name.

// ungatePatch removes the manager's gate from a pod, and leaves other gates.
func ungatePatch(uid types.UID) client.Patch {
	return client.RawPatch(types.StrategicMergePatchType, fmt.Appendf(nil,
		`{"metadata":{"uid":%q},"spec":{"schedulingGates":[{"$patch":"delete","name":%q}]}}`, uid, v1beta1.SchedulingGate))
}

// gateTemplatePatch adds the manager's gate to the template of a DaemonSet.
func gateTemplatePatch(uid types.UID) client.Patch {
	return client.RawPatch(types.StrategicMergePatchType, fmt.Appendf(nil,
		`{"metadata":{"uid":%q},"spec":{"template":{"spec":{"schedulingGates":[{"name":%q}]}}}}`, uid, v1beta1.SchedulingGate))
}

// suspendConfiguration sets spec.suspend of a Job, and owns no other field.
func suspendConfiguration(job *v1beta1.Job) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": v1beta1.GroupVersion.String(),
		"kind":       "Job",
		"metadata":   map[string]any{"name": job.Name, "namespace": job.Namespace, "uid": string(job.UID)},
		"spec":       map[string]any{"suspend": true},
	}}
}
