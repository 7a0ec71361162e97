package jobcache

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// Object returns an empty Job of the kind that the informer cache holds, to watch and to
// cache Jobs by.
func Object() *unstructured.Unstructured { return objectOf("Job") }

func objectOf(kind string) *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(v1beta1.GroupVersion.WithKind(kind))
	return object
}

// ByObject returns how Jobs are cached.
func ByObject() cache.ByObject {
	return cache.ByObject{Transform: strip}
}

// ClientOptions returns the options of a client that reads Jobs from the informer cache.
// A client with the default options would read unstructured objects from the API server.
func ClientOptions() client.Options {
	return client.Options{Cache: &client.CacheOptions{Unstructured: true}}
}

// Get reads a Job from the cache or from the API server, and decodes it.
func Get(ctx context.Context, reader client.Reader, key client.ObjectKey) (*v1beta1.Job, error) {
	object := Object()
	if err := reader.Get(ctx, key, object, client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	return Decode(object)
}

// List returns the Jobs in the cache, and how many more there are that cannot be decoded.
func List(ctx context.Context, cached client.Reader) (jobs []*v1beta1.Job, undecodable int, err error) {
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(v1beta1.GroupVersion.WithKind("JobList"))
	if err := cached.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
		return nil, 0, err
	}
	for i := range list.Items {
		job, err := Decode(&list.Items[i])
		if err != nil {
			undecodable++
			continue
		}
		jobs = append(jobs, job)
	}
	return jobs, undecodable, nil
}

// TerminationWord returns spec.terminationWord of a Job in the cache. It decodes nothing
// else, because it is read for each pod, and a status can be large. A word that is no
// string is an UndecodableError.
func TerminationWord(ctx context.Context, cached client.Reader, key client.ObjectKey) (string, error) {
	object := Object()
	if err := cached.Get(ctx, key, object, client.UnsafeDisableDeepCopy); err != nil {
		return "", err
	}
	word, _, err := unstructured.NestedString(object.Object, "spec", "terminationWord")
	if err != nil {
		return "", &UndecodableError{Object: object, Field: "spec.terminationWord", Err: err}
	}
	return word, nil
}
