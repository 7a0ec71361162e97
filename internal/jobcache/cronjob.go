package jobcache

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// CronJobObject returns an empty CronJob of the kind that the informer cache holds.
func CronJobObject() *unstructured.Unstructured { return objectOf("CronJob") }

// GetCronJob reads a CronJob from the cache or from the API server, and decodes it.
func GetCronJob(ctx context.Context, reader client.Reader, key client.ObjectKey) (*v1beta1.CronJob, error) {
	object := CronJobObject()
	if err := reader.Get(ctx, key, object, client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	return decodeObject[v1beta1.CronJob](object)
}

// ListControlled returns the Jobs in the cache that the CronJob of a UID controls. One that
// cannot be decoded has its metadata alone.
func ListControlled(ctx context.Context, cached client.Reader, namespace string, cronJob types.UID) ([]*v1beta1.Job, error) {
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(v1beta1.GroupVersion.WithKind("JobList"))
	if err := cached.List(ctx, list, client.InNamespace(namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	var jobs []*v1beta1.Job
	for i := range list.Items {
		if owner := v1beta1.CronJobOf(&list.Items[i]); owner == nil || owner.UID != cronJob {
			continue
		}
		job, err := Decode(&list.Items[i])
		if err != nil {
			job = &v1beta1.Job{ObjectMeta: metadataOf(&list.Items[i])}
		}
		jobs = append(jobs, job)
	}
	return jobs, nil
}

// metadataOf returns the metadata of an object that a CronJob's history is decided by.
func metadataOf(object *unstructured.Unstructured) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: object.GetNamespace(), Name: object.GetName(), UID: object.GetUID(), ResourceVersion: object.GetResourceVersion(),
		Generation: object.GetGeneration(), CreationTimestamp: object.GetCreationTimestamp(), DeletionTimestamp: object.GetDeletionTimestamp(),
		Annotations: object.GetAnnotations(), OwnerReferences: object.GetOwnerReferences(),
	}
}
