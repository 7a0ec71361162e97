package job_test

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// startKubelet plays scheduler and kubelet, which need machines: it binds pods
// whose gates are open, says that they run, and lets deleted ones go.
func startKubelet() {
	ctx, cancel := context.WithCancel(ctx)
	stopped := make(chan struct{})
	go func() {
		defer GinkgoRecover()
		defer close(stopped)
		for ctx.Err() == nil {
			time.Sleep(30 * time.Millisecond)
			pods := &corev1.PodList{}
			if err := k8s.List(ctx, pods, client.MatchingLabels{v1beta1.LabelDaemonSetJob: "true"}); err != nil {
				continue
			}
			for i := range pods.Items {
				play(&pods.Items[i])
			}
		}
	}()
	DeferCleanup(func() {
		cancel()
		<-stopped
	})
}

func play(pod *corev1.Pod) {
	switch {
	case pod.DeletionTimestamp != nil:
		_ = k8s.Delete(ctx, pod, client.GracePeriodSeconds(0), client.Preconditions{UID: &pod.UID})
	case pod.Spec.NodeName == "" && len(pod.Spec.SchedulingGates) == 0 && pod.Annotations["test/unschedulable"] == "":
		binding := &corev1.Binding{Target: corev1.ObjectReference{Kind: "Node", Name: target(pod)}}
		_ = k8s.SubResource("binding").Create(ctx, pod, binding)
	case pod.Spec.NodeName != "" && pod.Status.Phase == corev1.PodPending && len(pod.Status.ContainerStatuses) == 0:
		pod.Status.Phase = corev1.PodRunning
		for _, c := range pod.Spec.InitContainers {
			pod.Status.InitContainerStatuses = append(pod.Status.InitContainerStatuses, running(c.Name))
		}
		for _, c := range pod.Spec.Containers {
			pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, running(c.Name))
		}
		_ = k8s.Status().Update(ctx, pod)
	}
}

func running(name string) corev1.ContainerStatus {
	return corev1.ContainerStatus{Name: name, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}
}

// target is the node that the DaemonSet controller means the pod for.
func target(pod *corev1.Pod) string {
	return pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms[0].MatchFields[0].Values[0]
}

// addNodes adds so many nodes to the test's own pool, which its Jobs select.
func addNodes(pool string, names ...string) {
	for _, name := range names {
		observedPod := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: pool + "-" + name, Labels: map[string]string{"pool": pool}}}
		Expect(k8s.Create(ctx, observedPod)).To(Succeed())
		// A new node is tainted as not ready, until its kubelet says otherwise.
		observedPod.Spec.Taints = nil
		Expect(k8s.Update(ctx, observedPod)).To(Succeed())
		DeferCleanup(func() { Expect(client.IgnoreNotFound(k8s.Delete(ctx, observedPod))).To(Succeed()) })
	}
}

// podOn is the pod of a Job on a node of the namespace's pool.
func podOn(namespace, job, observedPod string) (*corev1.Pod, error) {
	pods := &corev1.PodList{}
	if err := k8s.List(ctx, pods, client.InNamespace(namespace), client.MatchingLabels(v1beta1.PodLabels(job))); err != nil {
		return nil, err
	}
	for i := range pods.Items {
		if pod := &pods.Items[i]; pod.DeletionTimestamp == nil && target(pod) == namespace+"-"+observedPod {
			return pod, nil
		}
	}
	return nil, fmt.Errorf("no pod of %s on %s", job, observedPod)
}

// setStatus changes the status of the pod of a Job on a node, once it runs.
func setStatus(namespace, job, observedPod string, change func(*corev1.PodStatus)) {
	GinkgoHelper()
	Eventually(func() error {
		return retry.OnError(retry.DefaultRetry, apierrors.IsConflict, func() error {
			pod, err := podOn(namespace, job, observedPod)
			if err != nil {
				return err
			}
			if len(pod.Status.ContainerStatuses) == 0 {
				return fmt.Errorf("%s has not started", pod.Name)
			}
			change(&pod.Status)
			return k8s.Status().Update(ctx, pod)
		})
	}).Should(Succeed())
}

// finish says that the node's work is done, in the Job's mode.
func finish(namespace, job, observedPod string) {
	GinkgoHelper()
	setStatus(namespace, job, observedPod, func(status *corev1.PodStatus) {
		for i := range status.InitContainerStatuses {
			status.InitContainerStatuses[i].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 0}}
		}
		status.Conditions = append(status.Conditions, corev1.PodCondition{Type: v1beta1.PodCompleted, Status: corev1.ConditionTrue})
	})
}

// crash says that the node's container restarted so often.
func crash(namespace, job, observedPod string, times, exitCode int32, log string) {
	GinkgoHelper()
	setStatus(namespace, job, observedPod, func(status *corev1.PodStatus) {
		statuses := status.ContainerStatuses
		if len(status.InitContainerStatuses) > 0 {
			statuses = status.InitContainerStatuses
		}
		statuses[0].RestartCount = times
		statuses[0].LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: exitCode, Message: log}
	})
}
