package jobcache

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// Metadata returns an empty object of one of the operator's kinds, to read its metadata alone: so
// that one that cannot be decoded is read too, and no large one is held.
func Metadata(kind string) *metav1.PartialObjectMetadata {
	object := &metav1.PartialObjectMetadata{}
	object.SetGroupVersionKind(v1beta1.GroupVersion.WithKind(kind))
	return object
}
