package main

import (
	"context"
	"errors"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// replaceTimeout is how long a Job may take to be gone when it is replaced.
const replaceTimeout = 5 * time.Second

// disturb does something at random that no user of a Job does on purpose.
func (s *soak) disturb(ctx context.Context) error {
	active := s.activeJobs()
	node := s.nodes[s.random.IntN(len(s.nodes))]
	switch n := s.random.IntN(20); {
	case n < 5:
		return s.evict(ctx)
	case n < 8 && len(active) > 0:
		return s.deleteDaemonSet(ctx, active[s.random.IntN(len(active))])
	case n < 11 && len(active) > 0:
		return s.replaceJob(ctx, active[s.random.IntN(len(active))])
	case n < 12:
		return s.poison(ctx)
	case n < 17:
		return s.pool.disturb(ctx, node)
	case s.spared(node):
		return nil
	case n < 19:
		return s.taint(ctx, node, corev1.TaintEffectNoSchedule)
	}
	return s.taint(ctx, node, corev1.TaintEffectNoExecute)
}

// evict evicts a pod of an unfinished Job, as a drain of its node does.
func (s *soak) evict(ctx context.Context) error {
	pod, err := s.anyPod(ctx, func(*corev1.Pod) bool { return true })
	if pod == nil || err != nil {
		return err
	}
	defer s.taken.begin(pod.Labels[v1beta1.LabelJob], pod.Spec.NodeName)()
	s.counts["evicted"]++
	err = s.env.client.SubResource("eviction").Create(ctx, pod, &policyv1.Eviction{
		ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name},
	})
	return client.IgnoreNotFound(err)
}

// anyPod returns a pod at random of those that are scheduled, belong to an unfinished Job
// and suit. It returns nil if there is none.
func (s *soak) anyPod(ctx context.Context, suits func(*corev1.Pod) bool) (*corev1.Pod, error) {
	list := &corev1.PodList{}
	if err := s.env.client.List(ctx, list, client.InNamespace(namespaceSoak)); err != nil {
		return nil, err
	}
	list.Items = slices.DeleteFunc(list.Items, func(pod corev1.Pod) bool {
		job := s.jobs[pod.Labels[v1beta1.LabelJob]]
		return pod.Spec.NodeName == "" || pod.DeletionTimestamp != nil || job == nil || job.finished() || job.deleted || !suits(&pod)
	})
	if len(list.Items) == 0 {
		return nil, nil
	}
	return &list.Items[s.random.IntN(len(list.Items))], nil
}

// deleteDaemonSet deletes a Job's DaemonSet, and with it the pods.
func (s *soak) deleteDaemonSet(ctx context.Context, job *soakJob) error {
	s.invariants.daemonSetRemoved(job.name)
	s.counts["DaemonSet deleted"]++
	ds := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Namespace: namespaceSoak, Name: v1beta1.DaemonSetName(job.name)}}
	return client.IgnoreNotFound(s.env.client.Delete(ctx, ds, client.PropagationPolicy(metav1.DeletePropagationBackground)))
}

// replaceJob deletes an unfinished Job and creates the same at once, as
// `kubectl replace --force` does.
func (s *soak) replaceJob(ctx context.Context, job *soakJob) error {
	before := &v1beta1.Job{}
	if err := s.env.client.Get(ctx, client.ObjectKey{Namespace: namespaceSoak, Name: job.name}, before); err != nil {
		return client.IgnoreNotFound(err)
	}
	if before.DeletionTimestamp != nil || before.Finished() != nil {
		return nil
	}
	after := &v1beta1.Job{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespaceSoak, Name: job.name, Finalizers: []string{finalizer}},
		Spec:       *before.Spec.DeepCopy(),
	}
	if err := errors.Join(s.remove(ctx, before), s.createAgain(ctx, job, after)); err != nil {
		// One of the two may be there.
		job.deleted = true
		return errors.Join(err, client.IgnoreNotFound(s.env.client.Delete(ctx, after)))
	}
	s.counts["replaced"]++
	return nil
}

// remove deletes the Job and its finalizer, and waits until it is gone.
func (s *soak) remove(ctx context.Context, job *v1beta1.Job) error {
	if controllerutil.RemoveFinalizer(job, finalizer) {
		patch := []byte(`{"metadata":{"finalizers":null}}`)
		if err := s.env.client.Patch(ctx, job, client.RawPatch("application/merge-patch+json", patch)); err != nil {
			return err
		}
	}
	if err := s.env.client.Delete(ctx, job, client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
		return client.IgnoreNotFound(err)
	}
	return wait.PollUntilContextTimeout(ctx, 10*time.Millisecond, replaceTimeout, true, func(ctx context.Context) (bool, error) {
		err := s.env.client.Get(ctx, client.ObjectKeyFromObject(job), &v1beta1.Job{})
		return apierrors.IsNotFound(err), client.IgnoreNotFound(err)
	})
}

// createAgain creates the Job that replaces the one of its name.
func (s *soak) createAgain(ctx context.Context, expected *soakJob, job *v1beta1.Job) error {
	s.invariants.daemonSetRemoved(expected.name)
	s.invariants.jobReplaced(expected.name)
	expected.last, expected.replacedAt, expected.suspended = v1beta1.JobStatus{}, time.Now(), job.Suspended()
	if err := s.env.client.Create(ctx, job); err != nil {
		return err
	}
	return s.records.wrote(job)
}
