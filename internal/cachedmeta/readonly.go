// Package cachedmeta has the methods of metadata that objects in an informer cache do not keep.
package cachedmeta

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// Absent is the metadata that a cached object does not keep. A type that embeds it overrides the
// methods of what it keeps: an informer reads name, namespace and resourceVersion. Nobody writes
// an object of a cache, so that nothing is set.
type Absent struct{}

// GetObjectKind implements runtime.Object.
func (Absent) GetObjectKind() schema.ObjectKind { return schema.EmptyObjectKind }

// GetGenerateName implements metav1.Object.
func (Absent) GetGenerateName() string { return "" }

// GetGeneration implements metav1.Object.
func (Absent) GetGeneration() int64 { return 0 }

// GetSelfLink implements metav1.Object.
func (Absent) GetSelfLink() string { return "" }

// GetDeletionGracePeriodSeconds implements metav1.Object.
func (Absent) GetDeletionGracePeriodSeconds() *int64 { return nil }

// GetAnnotations implements metav1.Object.
func (Absent) GetAnnotations() map[string]string { return nil }

// GetFinalizers implements metav1.Object.
func (Absent) GetFinalizers() []string { return nil }

// GetOwnerReferences implements metav1.Object.
func (Absent) GetOwnerReferences() []metav1.OwnerReference { return nil }

// GetManagedFields implements metav1.Object.
func (Absent) GetManagedFields() []metav1.ManagedFieldsEntry { return nil }

// SetNamespace implements metav1.Object.
func (Absent) SetNamespace(string) {}

// SetName implements metav1.Object.
func (Absent) SetName(string) {}

// SetGenerateName implements metav1.Object.
func (Absent) SetGenerateName(string) {}

// SetUID implements metav1.Object.
func (Absent) SetUID(types.UID) {}

// SetResourceVersion implements metav1.Object.
func (Absent) SetResourceVersion(string) {}

// SetGeneration implements metav1.Object.
func (Absent) SetGeneration(int64) {}

// SetSelfLink implements metav1.Object.
func (Absent) SetSelfLink(string) {}

// SetCreationTimestamp implements metav1.Object.
func (Absent) SetCreationTimestamp(metav1.Time) {}

// SetDeletionTimestamp implements metav1.Object.
func (Absent) SetDeletionTimestamp(*metav1.Time) {}

// SetDeletionGracePeriodSeconds implements metav1.Object.
func (Absent) SetDeletionGracePeriodSeconds(*int64) {}

// SetLabels implements metav1.Object.
func (Absent) SetLabels(map[string]string) {}

// SetAnnotations implements metav1.Object.
func (Absent) SetAnnotations(map[string]string) {}

// SetFinalizers implements metav1.Object.
func (Absent) SetFinalizers([]string) {}

// SetOwnerReferences implements metav1.Object.
func (Absent) SetOwnerReferences([]metav1.OwnerReference) {}

// SetManagedFields implements metav1.Object.
func (Absent) SetManagedFields([]metav1.ManagedFieldsEntry) {}
