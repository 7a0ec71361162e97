package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

const (
	controllerManager = "kube-controller-manager"
	// garbagePatience is how long garbage may stay unchanged before the garbage collector is
	// restarted.
	garbagePatience = 30 * time.Second
	// maxLeft is how many objects an error describes.
	maxLeft = 5
)

// leftover is an object that should be gone with its Job, or soon after it.
type leftover struct {
	*metav1.PartialObjectMetadata
	owner *metav1.OwnerReference
	// absent says that its owner does not exist, or is garbage itself.
	absent bool
}

func (l *leftover) String() string {
	text := fmt.Sprintf("%s %s/%s (%s) of %s", l.Kind, l.Namespace, l.Name, l.UID, l.CreationTimestamp.Format(time.TimeOnly))
	if l.DeletionTimestamp != nil {
		text += fmt.Sprintf(", deleted at %s, with finalizers %v", l.DeletionTimestamp.Format(time.TimeOnly), l.Finalizers)
	}
	if l.owner == nil {
		return text + ", without an owner"
	}
	state := map[bool]string{true: "absent", false: "present"}[l.absent]
	return text + fmt.Sprintf(", of the %s %s %s (%s)", state, l.owner.Kind, l.owner.Name, l.owner.UID)
}

// left returns what is left of the soak's Jobs, owners first.
func (e *env) left(ctx context.Context) ([]*leftover, error) {
	retained, err := e.retainedRecords(ctx)
	if err != nil {
		return nil, err
	}
	var all []*leftover
	present := map[types.UID]bool{}
	for _, kind := range []schema.GroupVersionKind{
		v1beta1.GroupVersion.WithKind("Job"), v1beta1.GroupVersion.WithKind("JobRecord"),
		appsv1.SchemeGroupVersion.WithKind("DaemonSet"), corev1.SchemeGroupVersion.WithKind("Pod"),
	} {
		for _, namespace := range []string{namespaceSoak, namespacePoison} {
			list := &metav1.PartialObjectMetadataList{}
			list.SetGroupVersionKind(kind)
			if err := e.client.List(ctx, list, client.InNamespace(namespace)); err != nil {
				return nil, err
			}
			for i := range list.Items {
				object := &list.Items[i]
				if retained[object.UID] {
					continue
				}
				object.SetGroupVersionKind(kind)
				owner := metav1.GetControllerOfNoCopy(object)
				l := &leftover{object, owner, owner != nil && !present[owner.UID]}
				// What garbage owns is garbage as well.
				present[object.UID] = !l.absent
				all = append(all, l)
			}
		}
	}
	return all, nil
}

// retainedRecords returns the JobRecords that outlive the soak.
func (e *env) retainedRecords(ctx context.Context) (map[types.UID]bool, error) {
	list := &v1beta1.JobRecordList{}
	if err := e.client.List(ctx, list, client.InNamespace(namespaceSoak)); err != nil {
		return nil, err
	}
	retained := map[types.UID]bool{}
	for i := range list.Items {
		if seconds := list.Items[i].Spec.RetainSeconds; seconds != nil && *seconds == longRetention {
			retained[list.Items[i].UID] = true
		}
	}
	return retained, nil
}

// nothingLeft returns an error that describes what is left of the soak's Jobs.
func (s *soak) nothingLeft(ctx context.Context) error {
	left, err := s.env.left(ctx)
	if err != nil || len(left) == 0 {
		s.left = ""
		return err
	}
	what := describe(left)
	if what != s.left {
		s.left, s.leftSince = what, time.Now()
	}
	if s.isGarbage(left) && time.Since(s.leftSince) > garbagePatience {
		if err := s.restartCollector(ctx, what); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s, for %s", what, time.Since(s.leftSince).Round(time.Second))
}

func describe(left []*leftover) string {
	var all []string
	for _, l := range left[:min(len(left), maxLeft)] {
		all = append(all, l.String())
	}
	return fmt.Sprintf("%d objects are left: %s", len(left), strings.Join(all, "; "))
}

// isGarbage returns whether only the garbage collector can have left all of it, and the soak
// interrupted its watches.
func (s *soak) isGarbage(left []*leftover) bool {
	return s.counts["API server killed"]+s.counts["undecodable"] > 0 &&
		!slices.ContainsFunc(left, func(l *leftover) bool { return !l.absent || l.DeletionTimestamp != nil })
}

// restartCollector restarts the garbage collector, once. When an owner is deleted and created
// again while the collector's watch of its kind is interrupted, it observes an update, and never
// learns that the first one is gone. After a restart it reads every owner.
func (s *soak) restartCollector(ctx context.Context, why string) error {
	const what = "garbage collector restarted"
	if s.counts[what] > 0 {
		return nil
	}
	s.counts[what]++
	s.env.logf("%10s  %s: %s", "", what, why)
	return errors.Join(s.env.cluster.Kill(controllerManager), s.env.cluster.Start(ctx, controllerManager))
}
