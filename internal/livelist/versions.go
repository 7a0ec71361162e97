package livelist

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Version is a version of an object, without what the object says.
type Version struct {
	Name            string
	UID             types.UID
	ResourceVersion string
}

// versionOf returns the version of a cached object.
func versionOf(cached metav1.Object) Version {
	return Version{Name: cached.GetName(), UID: cached.GetUID(), ResourceVersion: cached.GetResourceVersion()}
}

// Names returns the names of the versions' objects.
func Names(versions []Version) []string {
	names := make([]string, 0, len(versions))
	for _, v := range versions {
		names = append(names, v.Name)
	}
	return names
}

// Compare returns the cached objects that are as they are listed, and those listed versions that the cache
// neither has nor had while the list was open. cached are objects by name. A later version does not count: after etcd
// was restored from a backup, what is cached is no later, and wrong.
func Compare[T metav1.Object](listed []Version, cached map[string]T, replaced *Replaced[T]) (current []T, stale []Version) {
	current = make([]T, 0, len(listed))
	for _, v := range listed {
		if object, found := cached[v.Name]; found && versionOf(object) == v {
			current = append(current, object)
		} else {
			stale = append(stale, v)
		}
	}
	changed, stale := replaced.find(stale)
	return append(current, changed...), stale
}

// Versions lists live which objects there are of the lists' kind, and in which version. A cache
// that has the same versions says what a list of the whole objects would say, which takes the API server and its
// client several times as long.
func Versions(ctx context.Context, live client.Reader, size int64, lists schema.GroupVersionKind, options ...client.ListOption) ([]Version, error) {
	return EachMetadata(ctx, live, size, lists, func(versions []Version, item *metav1.PartialObjectMetadata) []Version {
		return append(versions, Version{item.Name, item.UID, item.ResourceVersion})
	}, options...)
}

// EachMetadata lists the metadata of objects as Each does, by the kind of their lists. read adds
// one object to what it made of those before, and must not keep it: it has its whole page.
func EachMetadata[T any](ctx context.Context, live client.Reader, size int64, lists schema.GroupVersionKind, read func(T, *metav1.PartialObjectMetadata) T, options ...client.ListOption) (T, error) {
	empty := &metav1.PartialObjectMetadataList{}
	empty.SetGroupVersionKind(lists)
	return Each(ctx, live, size, empty, func(made T, page *metav1.PartialObjectMetadataList) T {
		for i := range page.Items {
			made = read(made, &page.Items[i])
		}
		return made
	}, options...)
}
