package v1beta1

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Finished returns the condition that ended the Job, Complete or Failed, or nil
// if the Job is not finished.
func (j *Job) Finished() *metav1.Condition {
	for _, conditionType := range []string{JobComplete, JobFailed} {
		if c := meta.FindStatusCondition(j.Status.Conditions, conditionType); c != nil && c.Status == metav1.ConditionTrue {
			return c
		}
	}
	return nil
}

// StandingVerdict returns what Finished does, or nil if the Job was changed since: the change may
// start it over.
func (j *Job) StandingVerdict() *metav1.Condition {
	if j.Status.ObservedGeneration != j.Generation {
		return nil
	}
	return j.Finished()
}

// Suspended returns whether the Job is to start no further node.
func (j *Job) Suspended() bool {
	return j.Spec.Suspend != nil && *j.Spec.Suspend
}

// CronJobOf returns the reference to the CronJob that controls the Job, or nil if none does.
func CronJobOf(job metav1.Object) *metav1.OwnerReference {
	owner := metav1.GetControllerOfNoCopy(job)
	if owner == nil || owner.Kind != "CronJob" {
		return nil
	}
	if group, err := schema.ParseGroupVersion(owner.APIVersion); err != nil || group.Group != GroupVersion.Group {
		return nil
	}
	return owner
}

// Controls returns whether the CronJob controls the Job.
func (c *CronJob) Controls(job metav1.Object) bool {
	owner := CronJobOf(job)
	return owner != nil && owner.UID == c.UID
}

// PodIsCompleted returns whether the terminator marked the pod as done.
func PodIsCompleted(pod *corev1.Pod) bool {
	for i := range pod.Status.Conditions {
		if c := &pod.Status.Conditions[i]; c.Type == PodCompleted {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// PodCompletesByLog returns whether the pod is in Log mode: it has the readiness
// gate for the terminator's mark.
func PodCompletesByLog(spec *corev1.PodSpec) bool {
	for _, gate := range spec.ReadinessGates {
		if gate.ConditionType == PodCompleted {
			return true
		}
	}
	return false
}

// LogContainerName returns the container of a pod in Log mode whose log is
// followed: job-container, or the first one if none has that name.
func LogContainerName(spec *corev1.PodSpec) string {
	for i := range spec.Containers {
		if spec.Containers[i].Name == ContainerName {
			return ContainerName
		}
	}
	if len(spec.Containers) == 0 {
		return ""
	}
	return spec.Containers[0].Name
}
