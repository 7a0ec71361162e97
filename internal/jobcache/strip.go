package jobcache

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// metadataFields are those of a Job's metadata that the controllers read. The API server
// sets each of them, or bounds it.
var metadataFields = []string{"name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp"}

// strip is a cache transform. It keeps a Job's spec and status, and of its metadata what the
// controllers read: kubectl's annotation with the last applied Job and the managed fields
// would double each entry. Never write a stripped Job back.
func strip(object any) (any, error) {
	job, ok := object.(*unstructured.Unstructured)
	if !ok {
		return object, nil
	}
	metadata, _ := job.Object["metadata"].(map[string]any)
	kept := map[string]any{}
	for _, field := range metadataFields {
		if value, ok := metadata[field]; ok {
			kept[field] = value
		}
	}
	for _, field := range []string{"labels", "annotations"} {
		if full, ok := metadata[field].(map[string]any); ok {
			if read := keysRead(full); len(read) > 0 {
				kept[field] = read
			}
		}
	}
	if owners := ownersRead(job); len(owners) > 0 {
		kept["ownerReferences"] = owners
	}
	stripped := &unstructured.Unstructured{Object: map[string]any{"metadata": kept}}
	for _, field := range []string{"apiVersion", "kind", "spec", "status"} {
		if value, ok := job.Object[field]; ok {
			stripped.Object[field] = value
		}
	}
	return stripped, nil
}

// metadataKeys are the labels and annotations that the controllers read.
var metadataKeys = append(plan.MetadataKeys(), v1beta1.AnnotationScheduledTime)

func keysRead(full map[string]any) map[string]any {
	read := map[string]any{}
	for _, key := range metadataKeys {
		if value, ok := full[key]; ok {
			read[key] = value
		}
	}
	return read
}

// ownersRead returns the owner references that the controllers read: that of a CronJob, and of
// that of a tool for many clusters the group and the kind.
func ownersRead(job *unstructured.Unstructured) []any {
	var owners []any
	if owner := v1beta1.CronJobOf(job); owner != nil {
		owners = append(owners, map[string]any{
			"apiVersion": owner.APIVersion, "kind": owner.Kind, "name": owner.Name, "uid": string(owner.UID), "controller": true,
		})
	}
	if owner, tool := plan.FleetOwner(job); tool != "" {
		owners = append(owners, map[string]any{"apiVersion": owner.Group + "/v1", "kind": owner.Kind})
	}
	return owners
}
