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

// IsOf returns whether a cached object is this version. A later one does not count: after etcd was
// restored from a backup, what is cached is no later, and wrong.
func (v Version) IsOf(cached metav1.Object) bool {
	return v.UID == cached.GetUID() && v.ResourceVersion == cached.GetResourceVersion()
}

// Compare returns the cached objects that are as they are listed, and the names of those that are
// not. cached are objects by name.
func Compare[T metav1.Object](listed []Version, cached map[string]T) (current []T, stale []string) {
	current = make([]T, 0, len(listed))
	for _, v := range listed {
		if object, found := cached[v.Name]; found && v.IsOf(object) {
			current = append(current, object)
		} else {
			stale = append(stale, v.Name)
		}
	}
	return current, stale
}

// Versions lists live which objects there are of the lists' kind, and in which version. A cache
// that has the same versions says what a list of the whole objects would say, which takes the API server and its
// client several times as long.
func Versions(ctx context.Context, live client.Reader, size int64, lists schema.GroupVersionKind, options ...client.ListOption) ([]Version, error) {
	empty := &metav1.PartialObjectMetadataList{}
	empty.SetGroupVersionKind(lists)
	return Each(ctx, live, size, empty, func(versions []Version, page *metav1.PartialObjectMetadataList) []Version {
		for i := range page.Items {
			item := &page.Items[i]
			versions = append(versions, Version{item.Name, item.UID, item.ResourceVersion})
		}
		return versions
	}, options...)
}
