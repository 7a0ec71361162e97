package job

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// Each cache transform keeps what the controller reads. Everything else of these objects
// is what whoever may create one writes into it, without a bound.

// maxRefusal is how much is kept of the DaemonSet controller's message, in bytes.
const maxRefusal = 1024

// stripEvent keeps which DaemonSet an event is about, when it was, and its message. An event
// is about a DaemonSet of its own namespace: whoever may write events elsewhere has no say.
func stripEvent(object any) (any, error) {
	event, ok := object.(*corev1.Event)
	if !ok {
		return object, nil
	}
	kept := &corev1.Event{ObjectMeta: metav1.ObjectMeta{
		Name: event.Name, Namespace: event.Namespace, UID: event.UID, ResourceVersion: event.ResourceVersion,
	}}
	about := &event.InvolvedObject
	if about.Namespace != event.Namespace || len(about.Name) > maxObjectName || len(about.UID) > maxObjectName {
		return kept, nil
	}
	kept.InvolvedObject = corev1.ObjectReference{Namespace: about.Namespace, Name: about.Name, UID: about.UID}
	kept.LastTimestamp, kept.Message = event.LastTimestamp, plan.Shorten(event.Message, maxRefusal)
	return kept, nil
}

// maxObjectName is the longest name of an object, in bytes. No UID is longer.
const maxObjectName = 253

// stripDaemonSet keeps what is compared with the desired DaemonSet, and the counts. Of a
// DaemonSet that no Job controls it keeps who does.
func stripDaemonSet(object any) (any, error) {
	ds, ok := object.(*appsv1.DaemonSet)
	if !ok {
		return object, nil
	}
	kept := &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{
			Name: ds.Name, Namespace: ds.Namespace, UID: ds.UID, ResourceVersion: ds.ResourceVersion, Generation: ds.Generation,
			CreationTimestamp: ds.CreationTimestamp, DeletionTimestamp: ds.DeletionTimestamp,
			Labels:      keptOf(ds.Labels, v1beta1.LabelDaemonSetJob, v1beta1.LabelJob, v1beta1.LabelDaemonSet),
			Annotations: keptOf(ds.Annotations, v1beta1.AnnotationAppliedHash, v1beta1.AnnotationInstallation, v1beta1.AnnotationAskedBy),
		},
		Status: appsv1.DaemonSetStatus{
			ObservedGeneration:     ds.Status.ObservedGeneration,
			DesiredNumberScheduled: ds.Status.DesiredNumberScheduled,
			CurrentNumberScheduled: ds.Status.CurrentNumberScheduled,
		},
	}
	owner := metav1.GetControllerOf(ds)
	if owner == nil {
		return kept, nil
	}
	kept.OwnerReferences = []metav1.OwnerReference{{
		APIVersion: plan.Shorten(owner.APIVersion, maxObjectName), Kind: plan.Shorten(owner.Kind, maxObjectName),
		Name: plan.Shorten(owner.Name, maxObjectName), UID: types.UID(plan.Shorten(string(owner.UID), maxObjectName)),
		Controller: owner.Controller, BlockOwnerDeletion: owner.BlockOwnerDeletion,
	}}
	if owner.Kind == "Job" && owner.APIVersion == v1beta1.GroupVersion.String() {
		kept.Spec = ds.Spec
	}
	return kept, nil
}

// stripRecord keeps of a JobRecord which Job it is of, its version, and whether it has an owner.
func stripRecord(object any) (any, error) {
	record, ok := object.(*metav1.PartialObjectMetadata)
	if !ok {
		return object, nil
	}
	kept := &metav1.PartialObjectMetadata{TypeMeta: record.TypeMeta, ObjectMeta: metav1.ObjectMeta{
		Name: record.Name, Namespace: record.Namespace, UID: record.UID, ResourceVersion: record.ResourceVersion,
		Labels: keptOf(record.Labels, v1beta1.LabelDaemonSetJob, v1beta1.LabelJob, v1beta1.LabelJobUID),
	}}
	if owner := metav1.GetControllerOf(record); owner != nil {
		kept.OwnerReferences = []metav1.OwnerReference{{UID: types.UID(plan.Shorten(string(owner.UID), maxObjectName)), Controller: owner.Controller}}
	}
	return kept, nil
}

// maxKept is longer than any value that the manager writes: an installation's is the name of
// a namespace and that of a Deployment.
const maxKept = 512

// keptOf returns the values of these keys, unless they are longer than any that we write.
func keptOf(full map[string]string, keys ...string) map[string]string {
	kept := map[string]string{}
	for _, key := range keys {
		if value, ok := full[key]; ok && len(value) <= maxKept {
			kept[key] = value
		}
	}
	return kept
}
