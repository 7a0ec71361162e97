package job

import (
	"encoding/json"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// desiredDaemonSet is the DaemonSet that the Job asks for.
//
// Its update strategy is OnDelete: a changed template then touches no pod, so
// that the gate can come and go, and the manager itself replaces the pods whose
// hash is old.
func desiredDaemonSet(job *v1beta1.Job, pauseImage string) (*appsv1.DaemonSet, error) {
	hash, err := templateHash(&job.Spec)
	if err != nil {
		return nil, err
	}
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
			Template:       podTemplate(job, hash, pauseImage),
			UpdateStrategy: appsv1.DaemonSetUpdateStrategy{Type: appsv1.OnDeleteDaemonSetStrategyType},
		},
	}
	if usesGates(&job.Spec) {
		addGate(&ds.Spec.Template.Spec)
	}
	applied, err := hashOf(ds)
	if err != nil {
		return nil, err
	}
	ds.Annotations = map[string]string{v1beta1.AnnotationAppliedHash: applied}
	return ds, nil
}

func addGate(pod *corev1.PodSpec) {
	if !hasGate(pod) {
		pod.SchedulingGates = append(pod.SchedulingGates, corev1.PodSchedulingGate{Name: v1beta1.SchedulingGate})
	}
}

func hasGate(pod *corev1.PodSpec) bool {
	return slices.Contains(pod.SchedulingGates, corev1.PodSchedulingGate{Name: v1beta1.SchedulingGate})
}

// differs says whether live must be applied again. The hash covers what is no
// longer wanted, the comparison what somebody else changed.
func needsApply(live, desired *appsv1.DaemonSet) bool {
	return live.Annotations[v1beta1.AnnotationAppliedHash] != desired.Annotations[v1beta1.AnnotationAppliedHash] ||
		!equality.Semantic.DeepDerivative(desired.Labels, live.Labels) ||
		!equality.Semantic.DeepDerivative(desired.OwnerReferences, live.OwnerReferences) ||
		!equality.Semantic.DeepDerivative(desired.Spec, live.Spec)
}

// applyConfiguration is what the manager applies of the DaemonSet. A uid makes
// the API server refuse to apply it to any other object of that name.
func applyConfiguration(ds *appsv1.DaemonSet) (*appsv1ac.DaemonSetApplyConfiguration, error) {
	generic, err := prunedJSON(ds)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(generic)
	if err != nil {
		return nil, fmt.Errorf("encoding DaemonSet %s: %w", ds.Name, err)
	}
	config := &appsv1ac.DaemonSetApplyConfiguration{}
	if err := json.Unmarshal(data, config); err != nil {
		return nil, fmt.Errorf("decoding DaemonSet %s: %w", ds.Name, err)
	}
	config.Status = nil
	return config, nil
}

// caughtUp says whether the DaemonSet controller has seen this generation, so
// that the counts in the status are about it and new pods are made from it.
func isObserved(ds *appsv1.DaemonSet) bool {
	return ds != nil && ds.DeletionTimestamp.IsZero() && ds.Status.ObservedGeneration >= ds.Generation
}

// runs says whether new pods of the DaemonSet are of the template with this
// hash. They are not while the API server refuses a change of it.
func isUpToDate(ds *appsv1.DaemonSet, hash string) bool {
	return isObserved(ds) && ds.Spec.Template.Labels[v1beta1.LabelTemplateHash] == hash
}
