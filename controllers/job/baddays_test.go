package job_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// updatePod changes the pod of a Job on a node.
func updatePod(namespace, job, node string, change func(*corev1.Pod)) {
	GinkgoHelper()
	Eventually(func() error {
		pod, err := podOn(namespace, job, node)
		if err != nil {
			return err
		}
		change(pod)
		return k8s.Update(ctx, pod)
	}).Should(Succeed())
}

// taint keeps pods off a node from now on.
func taint(namespace, node string) {
	GinkgoHelper()
	Expect(retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		n := &corev1.Node{}
		if err := k8s.Get(ctx, client.ObjectKey{Name: namespace + "-" + node}, n); err != nil {
			return err
		}
		n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: "autoscaler", Effect: corev1.TaintEffectNoSchedule})
		return k8s.Update(ctx, n)
	})).To(Succeed())
}

// allPods are the pods of a Job, terminating ones too.
func allPods(namespace, job string) []corev1.Pod {
	GinkgoHelper()
	pods := &corev1.PodList{}
	Expect(k8s.List(ctx, pods, client.InNamespace(namespace), client.MatchingLabels(v1beta1.PodLabels(job)))).To(Succeed())
	return pods.Items
}

var _ = Describe("ordinary bad days", func() {
	var ns string
	const finalizer = "example.com/still-at-work"
	BeforeEach(func() { ns = newNamespace() })

	It("does not take the done pod of a tainted node for that of another node", func() {
		addNodes(ns, "a", "b")
		j := create(pooled(ns, "j").TTL(600))
		finish(ns, "j", "a")
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseRunning, "1/2"))
		taint(ns, "a")
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseRunning, "0/1"))
		pod, err := podOn(ns, "j", "b")
		Expect(err).NotTo(HaveOccurred())
		Expect(k8s.Delete(ctx, pod)).To(Succeed())
		Consistently(status(j)).Should(phaseAnd(v1beta1.PhaseRunning, "0/1"))
		finish(ns, "j", "b")
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseComplete, "1/1"))
		Expect(condition(j, v1beta1.JobComplete)()).To(Equal("True AllNodesDone"))
	})

	It("waits until nothing of an earlier DaemonSet or Job of its name may run", func() {
		addNodes(ns, "a")
		j := create(pooled(ns, "j").Parallelism("1"))
		Eventually(status(j)).Should(HaveField("Active", int32(1)))
		// Its work takes its whole grace period.
		setStatus(ns, "j", "a", func(*corev1.PodStatus) {})
		updatePod(ns, "j", "a", func(pod *corev1.Pod) { controllerutil.AddFinalizer(pod, finalizer) })
		ds, err := daemonSetOf(j)
		Expect(err).NotTo(HaveOccurred())
		Expect(k8s.Delete(ctx, ds, client.PropagationPolicy(metav1.DeletePropagationBackground))).To(Succeed())
		Eventually(condition(j, v1beta1.JobBlocked)).Should(Equal("True PredecessorStopping"))
		Consistently(notFound(j)).Should(BeTrue())

		Expect(k8s.Delete(ctx, j)).To(Succeed())
		Eventually(func() error { return k8s.Create(ctx, pooled(ns, "j").Parallelism("1").Obj()) }).Should(Succeed())
		again := &v1beta1.Job{}
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(j), again)).To(Succeed())
		Eventually(condition(again, v1beta1.JobBlocked)).Should(Equal("True PredecessorStopping"))
		Consistently(notFound(again)).Should(BeTrue(), "a Job that was made again waits too")
		Expect(allPods(ns, "j")).To(HaveLen(1))

		old := allPods(ns, "j")[0]
		controllerutil.RemoveFinalizer(&old, finalizer)
		Expect(k8s.Update(ctx, &old)).To(Succeed())
		Eventually(status(again)).Should(And(phaseAnd(v1beta1.PhaseRunning, "0/1"), HaveField("Active", int32(1))))
	})

	It("takes a slot back from a pod that cannot be scheduled", func() {
		addNodes(ns, "a", "b")
		j := create(pooled(ns, "j").Suspend(true).Parallelism("1"))
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseSuspended, "0/2"))
		for _, node := range []string{"a", "b"} {
			updatePod(ns, "j", node, func(pod *corev1.Pod) { pod.Annotations = map[string]string{"test/unschedulable": "true"} })
		}
		change(j, func(spec *v1beta1.JobSpec) { spec.Suspend = nil })
		first := open(ns, "j", "a", "b")
		other := without(first, "a", "b")[0]
		Eventually(func() error {
			pod, err := podOn(ns, "j", first)
			if err != nil {
				return err
			}
			Expect(pod.Annotations).To(HaveKey(v1beta1.AnnotationUngatedAt))
			pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse,
				Reason: corev1.PodReasonUnschedulable, Message: "no CPU", LastTransitionTime: metav1.Now()}}
			return k8s.Status().Update(ctx, pod)
		}).Should(Succeed())
		Eventually(condition(j, v1beta1.JobBlocked)).Should(Equal("True PodsWaiting"))
		stuck, err := podOn(ns, "j", first)
		Expect(err).NotTo(HaveOccurred())
		updatePod(ns, "j", first, func(pod *corev1.Pod) {
			pod.Annotations[v1beta1.AnnotationUngatedAt] = time.Now().Add(-time.Minute).UTC().Format(time.RFC3339)
		})
		Eventually(func() ([]corev1.PodSchedulingGate, error) {
			pod, err := podOn(ns, "j", other)
			if err != nil {
				return nil, err
			}
			return pod.Spec.SchedulingGates, nil
		}).Should(BeEmpty(), "the other node has the slot")
		Eventually(func() (*corev1.Pod, error) { return podOn(ns, "j", first) }).Should(
			And(HaveField("UID", Not(Equal(stuck.UID))), HaveField("Spec.SchedulingGates", HaveLen(1))), "its pod is gated again")
	})

	It("starts nothing more for a Job that is deleted and kept by a finalizer", func() {
		addNodes(ns, "a")
		j := pooled(ns, "j").Obj()
		j.Finalizers = []string{finalizer}
		Expect(k8s.Create(ctx, j)).To(Succeed())
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseRunning, "0/1"))
		Expect(k8s.Delete(ctx, j, client.PropagationPolicy(metav1.DeletePropagationBackground))).To(Succeed())
		addNodes(ns, "b")
		Eventually(func() ([]corev1.PodSchedulingGate, error) {
			ds, err := daemonSetOf(j)
			return ds.Spec.Template.Spec.SchedulingGates, err
		}).Should(HaveLen(1))
		Eventually(func() error {
			if err := k8s.Get(ctx, client.ObjectKeyFromObject(j), j); err != nil {
				return err
			}
			j.Finalizers = nil
			return k8s.Update(ctx, j)
		}).Should(Succeed())
		Eventually(notFound(j)).Should(BeTrue())
	})
})
