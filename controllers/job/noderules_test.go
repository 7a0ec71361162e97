package job_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// entriesOf returns all entries of a Job's pages, in their order.
func entriesOf(j *v1beta1.Job) func() ([]v1beta1.NodeRecord, error) {
	return func() ([]v1beta1.NodeRecord, error) {
		pages, err := recordsOf(j)()
		var all []v1beta1.NodeRecord
		for i := range pages {
			all = append(all, pages[i].Spec.Nodes...)
		}
		return all, err
	}
}

// entryOf matches the entry of a node whose work in that pod was stopped.
func entryOf(pod *corev1.Pod, result v1beta1.RecordResult, reason string) OmegaMatcher {
	return And(HaveField("Node", target(pod)), HaveField("Result", result), HaveField("Reason", reason),
		HaveField("PodUID", pod.UID), HaveField("Try", int32(1)))
}

// startedPod returns the pod of a Job on a node, once it runs.
func startedPod(namespace, job, node string) *corev1.Pod {
	GinkgoHelper()
	setStatus(namespace, job, node, func(*corev1.PodStatus) {})
	pod, err := podOn(namespace, job, node)
	Expect(err).NotTo(HaveOccurred())
	return pod
}

// gatesAfter returns how many gates the pod on a node has that was made after this one.
func gatesAfter(pod *corev1.Pod, namespace, job, node string) func() (int, error) {
	return func() (int, error) {
		now, err := podOn(namespace, job, node)
		if err != nil || now.UID == pod.UID {
			return -1, err
		}
		return len(now.Spec.SchedulingGates), nil
	}
}

// boundAt returns when the API server bound a pod to its node.
func boundAt(pod *corev1.Pod) time.Time {
	GinkgoHelper()
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionTrue {
			return c.LastTransitionTime.Time
		}
	}
	Fail("the API server says when it bound a pod")
	return time.Time{}
}

// message returns that of a condition.
func message(j *v1beta1.Job, conditionType string) string {
	GinkgoHelper()
	s, err := status(j)()
	Expect(err).NotTo(HaveOccurred())
	c := meta.FindStatusCondition(s.Conditions, conditionType)
	Expect(c).NotTo(BeNil())
	return c.Message
}

var _ = Describe("nodes with rules of their own", func() {
	const finalizer = "example.com/still-at-work"
	var ns string
	BeforeEach(func() {
		ns = newNamespace()
		addNodes(ns, "a", "b")
	})

	It("are skipped one by one until the Job is complete", func() {
		j := create(pooled(ns, "j").OnExit(v1beta1.NodeActionSkip, 42).TTL(600))
		a, b := startedPod(ns, "j", "a"), startedPod(ns, "j", "b")
		crash(ns, "j", "a", 1, 42, "nothing to do here")
		Eventually(status(j)).Should(And(phaseAnd(v1beta1.PhaseRunning, "1/2"), HaveField("Skipped", int32(1)), HaveField("Succeeded", int32(0))))
		Eventually(gatesAfter(a, ns, "j", "a")).Should(Equal(1))
		crash(ns, "j", "b", 1, 42, "")
		Eventually(status(j)).Should(And(phaseAnd(v1beta1.PhaseComplete, "2/2"), HaveField("Skipped", int32(2)), HaveField("Failed", int32(0)), HaveField("FailedNodes", BeEmpty())))
		Expect(condition(j, v1beta1.JobComplete)()).To(HavePrefix("True "))
		Expect(message(j, v1beta1.JobComplete)).To(ContainSubstring("0 done, 2 skipped"))
		Expect(entriesOf(j)()).To(ConsistOf(
			And(entryOf(a, v1beta1.RecordSkipped, v1beta1.ReasonNodeFailurePolicy), HaveField("ExitCode", HaveValue(Equal(int32(42))))),
			entryOf(b, v1beta1.RecordSkipped, v1beta1.ReasonNodeFailurePolicy)))
	})

	It("fail the Job at once, whatever it tolerates", func() {
		j := create(pooled(ns, "j").OnExit(v1beta1.NodeActionFailJob, 43).MaxFailedNodes("100%").OnFailure(v1beta1.FailureActionSuspend).Never())
		startedPod(ns, "j", "b")
		crash(ns, "j", "a", 1, 43, "wrong cluster")
		Eventually(condition(j, v1beta1.JobFailed)).Should(Equal("True " + v1beta1.ReasonNodeFailurePolicy))
		Eventually(notFound(j)).Should(BeTrue())
		Expect(status(j)()).To(HaveField("FailedNodes", ContainElement(And(HaveField("Node", ns+"-a"),
			HaveField("Reason", v1beta1.ReasonNodeFailurePolicy), HaveField("ExitCode", HaveValue(Equal(int32(43))))))))
	})

	It("fail alone at their deadline, and hold their slot until the pod is gone", func() {
		j := create(pooled(ns, "j").NodeDeadline(2).MaxFailedNodes("1").Parallelism("1").TTL(600))
		Eventually(status(j)).Should(HaveField("Active", int32(1)))
		first := open(ns, "j", "a", "b")
		second := without(first, "a", "b")[0]
		hanging := startedPod(ns, "j", first)
		updatePod(ns, "j", first, func(pod *corev1.Pod) { controllerutil.AddFinalizer(pod, finalizer) })
		Eventually(entriesOf(j)).Should(ConsistOf(entryOf(hanging, v1beta1.RecordFailed, v1beta1.ReasonNodeDeadlineExceeded)))
		entries, err := entriesOf(j)()
		Expect(err).NotTo(HaveOccurred())
		Expect(entries[0].EndTime.Sub(boundAt(hanging))).To(And(BeNumerically(">=", 2*time.Second), BeNumerically("<=", 10*time.Second)))
		deleting := func() (bool, error) {
			now := &corev1.Pod{}
			err := k8s.Get(ctx, client.ObjectKeyFromObject(hanging), now)
			return now.DeletionTimestamp != nil, err
		}
		Eventually(deleting).Should(BeTrue())
		Consistently(func() (int, error) {
			pod, err := podOn(ns, "j", second)
			if err != nil {
				return 0, err
			}
			return len(pod.Spec.SchedulingGates), nil
		}, "2s").Should(Equal(1), "the work on the first node may still run")
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(hanging), hanging)).To(Succeed())
		controllerutil.RemoveFinalizer(hanging, finalizer)
		Expect(k8s.Update(ctx, hanging)).To(Succeed())
		finish(ns, "j", second)
		Eventually(status(j)).Should(And(phaseAnd(v1beta1.PhaseComplete, "1/2"), HaveField("Failed", int32(1))))
		Expect(status(j)()).To(HaveField("FailedNodes", ConsistOf(HaveField("Reason", v1beta1.ReasonNodeDeadlineExceeded))))
	})

	It("are tried again when all others are finished, and did not fail until then", func() {
		j := create(pooled(ns, "j").RetryFailed(1).BackoffLimit(0).TTL(600))
		first := startedPod(ns, "j", "a")
		startedPod(ns, "j", "b")
		crash(ns, "j", "a", 1, 1, "the registry is busy")
		Eventually(entriesOf(j)).Should(ConsistOf(entryOf(first, v1beta1.RecordFailed, v1beta1.ReasonBackoffLimitExceeded)))
		Eventually(gatesAfter(first, ns, "j", "a")).Should(Equal(1))
		Consistently(status(j)).Should(And(phaseAnd(v1beta1.PhaseRunning, "0/2"), HaveField("Failed", int32(0)), HaveField("FailedNodes", BeEmpty())))
		Expect(gatesAfter(first, ns, "j", "a")()).To(Equal(1), "the other node is at work")
		finish(ns, "j", "b")
		Eventually(gatesAfter(first, ns, "j", "a")).Should(Equal(0))
		finish(ns, "j", "a")
		Eventually(status(j)).Should(And(phaseAnd(v1beta1.PhaseComplete, "2/2"), HaveField("Failed", int32(0))))
		Expect(condition(j, v1beta1.JobComplete)()).To(Equal("True AllNodesDone"))
	})

	It("fail after their last try", func() {
		j := create(pooled(ns, "j").RetryFailed(1).BackoffLimit(0))
		first := startedPod(ns, "j", "a")
		finish(ns, "j", "b")
		crash(ns, "j", "a", 1, 1, "")
		Eventually(gatesAfter(first, ns, "j", "a")).Should(Equal(0))
		second := startedPod(ns, "j", "a")
		Expect(second.UID).NotTo(Equal(first.UID))
		crash(ns, "j", "a", 1, 5, "still")
		Eventually(condition(j, v1beta1.JobFailed)).Should(Equal("True MaxFailedNodesExceeded"))
		Expect(entriesOf(j)()).To(ContainElements(
			And(HaveField("PodUID", first.UID), HaveField("Try", int32(1))),
			And(HaveField("PodUID", second.UID), HaveField("Try", int32(2)), HaveField("ExitCode", HaveValue(Equal(int32(5)))))))
	})
})
