package daemonset

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// Pause is the container that keeps the pods of a Job in Exit mode once their work
// has ended. It is not hashed: another one runs nothing again.
type Pause struct {
	Image     string
	Resources corev1.ResourceRequirements
}

// Desired returns the DaemonSet that the Job asks for. hash is that of what the Job runs,
// and becomes a label of the pods. An error says that the Job cannot be encoded as JSON.
//
// The update strategy is OnDelete: the DaemonSet controller then replaces no pod
// when the template changes. The gate can come and go, and the manager replaces
// the pods of an earlier template under the Job's parallelism.
func Desired(job *v1beta1.Job, hash string, pause Pause) (*appsv1.DaemonSet, error) {
	labels := v1beta1.PodLabels(job.Name)
	ds := &appsv1.DaemonSet{
		TypeMeta: metav1.TypeMeta{APIVersion: appsv1.SchemeGroupVersion.String(), Kind: "DaemonSet"},
		ObjectMeta: metav1.ObjectMeta{
			Name:            v1beta1.DaemonSetName(job.Name),
			Namespace:       job.Namespace,
			Labels:          labels,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(job, v1beta1.GroupVersion.WithKind("Job"))},
		},
		Spec: appsv1.DaemonSetSpec{
			Selector:       &metav1.LabelSelector{MatchLabels: labels},
			Template:       podTemplate(job, hash, pause),
			UpdateStrategy: appsv1.DaemonSetUpdateStrategy{Type: appsv1.OnDeleteDaemonSetStrategyType},
		},
	}
	if pod := &ds.Spec.Template.Spec; UsesGates(job) && !HasGate(pod) {
		pod.SchedulingGates = append(pod.SchedulingGates, gate)
	}
	applied, err := hashOf(ds)
	if err != nil {
		return nil, err
	}
	ds.Annotations = map[string]string{v1beta1.AnnotationAppliedHash: applied}
	return ds, nil
}

var gate = corev1.PodSchedulingGate{Name: v1beta1.SchedulingGate}

// UsesGates returns whether new pods of the Job wait for the manager to ungate
// them. A plain Job's first pods do not: it costs no write per node and keeps running
// while the operator is down. The status says from when those that are made again do.
func UsesGates(job *v1beta1.Job) bool {
	return job.Spec.Parallelism != nil || job.Suspended() || Held(job) || job.Status.Gated
}

// HasGate returns whether the manager's scheduling gate holds the pod.
func HasGate(pod *corev1.PodSpec) bool {
	return slices.Contains(pod.SchedulingGates, gate)
}

// NeedsApply returns whether the observed DaemonSet must be applied again. The
// applied hash covers fields that are no longer desired, the comparison covers
// fields that another writer changed.
func NeedsApply(observed, desired *appsv1.DaemonSet) bool {
	return MetadataDiffers(observed, desired) ||
		observed.Annotations[v1beta1.AnnotationAppliedHash] != desired.Annotations[v1beta1.AnnotationAppliedHash] ||
		!equality.Semantic.DeepDerivative(desired.Spec, observed.Spec)
}

// MetadataDiffers returns whether another writer changed the labels or the owner, or removed
// the installation, none of which moves the generation. The installation is also written
// where an earlier version wrote none. Another one's is no difference: Ownership decides
// about it.
func MetadataDiffers(observed, desired *appsv1.DaemonSet) bool {
	return OwnershipOf(observed).Owner == "" && OwnershipOf(desired).Owner != "" ||
		!equality.Semantic.DeepDerivative(desired.Labels, observed.Labels) ||
		!equality.Semantic.DeepDerivative(desired.OwnerReferences, observed.OwnerReferences)
}

// Observed returns whether the DaemonSet controller has observed the present
// generation. Only then do the counts in the status belong to it, and are new
// pods made from its template. A nil or terminating DaemonSet counts for nothing.
func Observed(ds *appsv1.DaemonSet) bool {
	return ds != nil && ds.DeletionTimestamp.IsZero() && ds.Status.ObservedGeneration >= ds.Generation
}

// UpToDate returns whether new pods are made from the template with this hash.
// They are not while the API server refuses a change of the template.
func UpToDate(ds *appsv1.DaemonSet, templateHash string) bool {
	return Observed(ds) && ds.Spec.Template.Labels[v1beta1.LabelTemplateHash] == templateHash
}
