package main

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// namespacePoison holds Jobs that the operator cannot run. They stand in no way of the
// others, and have a namespace of their own because the soak itself decodes its Jobs.
const namespacePoison = "poison"

// poison creates a Job that the API server takes and the operator cannot run: by turns one
// that cannot be decoded, and one whose DaemonSet the API server refuses.
func (s *soak) poison(ctx context.Context) error {
	name := fmt.Sprintf("poison-%d", len(s.poisons))
	if len(s.poisons)%2 == 1 {
		s.poisons[name] = v1beta1.ReasonDaemonSetRefused
		s.counts["refused"]++
		return s.env.client.Create(ctx, unmounted(name))
	}
	s.poisons[name] = v1beta1.ReasonUndecodable
	s.counts["undecodable"]++
	// The CRD has bounds, so that only one without them takes such a Job, as in a cluster
	// where they came later. All watches of Jobs end whenever the CRD changes.
	restore, err := wrappers.Unbound(ctx, s.env.client)
	if err == nil {
		err = s.env.client.Create(ctx, wrappers.Poison(namespacePoison, name))
	}
	if restore != nil {
		err = errors.Join(err, restore())
	}
	if err != nil {
		s.wrong = append(s.wrong, fmt.Sprintf("poison %s: %v", name, err))
	}
	return nil
}

// unmounted returns a Job with a mount of a volume that it does not have.
func unmounted(name string) *v1beta1.Job {
	return wrappers.Job(namespacePoison, name).Template(corev1.PodTemplateSpec{Spec: corev1.PodSpec{
		Containers: []corev1.Container{{
			Name: v1beta1.ContainerName, Image: image, VolumeMounts: []corev1.VolumeMount{{Name: "missing", MountPath: "/missing"}},
		}},
	}}).Obj()
}

// removePoison deletes each poison object once its condition Blocked says what is wrong
// with it. It returns an error if one says nothing yet.
func (s *soak) removePoison(ctx context.Context) error {
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(v1beta1.GroupVersion.WithKind("JobList"))
	if err := s.env.client.List(ctx, list, client.InNamespace(namespacePoison)); err != nil {
		return err
	}
	for i := range list.Items {
		job := &list.Items[i]
		if reason := s.poisons[job.GetName()]; !blockedBy(job, reason) {
			return fmt.Errorf("%s is not Blocked by %s", job.GetName(), reason)
		}
		if err := s.env.client.Delete(ctx, job); client.IgnoreNotFound(err) != nil {
			return err
		}
	}
	return nil
}

// blockedBy returns whether the Job's condition Blocked is true for the reason.
func blockedBy(job *unstructured.Unstructured, reason string) bool {
	conditions, _, _ := unstructured.NestedSlice(job.Object, "status", "conditions")
	for _, c := range conditions {
		condition, _ := c.(map[string]any)
		if condition["type"] == v1beta1.JobBlocked {
			return condition["status"] == "True" && condition["reason"] == reason
		}
	}
	return false
}
