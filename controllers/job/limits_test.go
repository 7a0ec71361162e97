package job_test

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

var _ = Describe("the limits of a Job", func() {
	var ns string
	BeforeEach(func() { ns = newNamespace() })

	It("runs any image in Exit mode, its containers in order", func() {
		addNodes(ns, "a")
		j := create(pooled(ns, "j").Exit())
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseRunning, "0/1"))
		pod, err := podOn(ns, "j", "a")
		Expect(err).NotTo(HaveOccurred())
		Expect(pod.Spec.InitContainers).To(HaveLen(1))
		Expect(pod.Spec.Containers).To(ConsistOf(And(HaveField("Name", v1beta1.PauseContainerName), HaveField("Image", "example.com/pause:v1"))))
		Expect(pod.Spec.ReadinessGates).To(BeEmpty())
		finish(ns, "j", "a")
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseComplete, "1/1"))
	})

	It("lets no more nodes work than parallelism says, and one goes on when another is done or failed", func() {
		addNodes(ns, "a", "b", "c")
		j := create(pooled(ns, "j").Parallelism("34%").MaxFailedNodes("1").BackoffLimit(1))
		active := func() ([]string, error) {
			pods := &corev1.PodList{}
			err := k8s.List(ctx, pods, client.InNamespace(ns))
			var open []string
			for i := range pods.Items {
				if len(pods.Items[i].Spec.SchedulingGates) == 0 {
					open = append(open, pods.Items[i].Name)
				}
			}
			return open, err
		}
		Eventually(status(j)).Should(And(HaveField("Desired", int32(3)), HaveField("Active", int32(1))))
		Consistently(active).Should(HaveLen(1))
		first := open(ns, "j", "a", "b", "c")
		failing, err := podOn(ns, "j", first)
		Expect(err).NotTo(HaveOccurred())
		crash(ns, "j", first, 2, 9, "no space left")
		Eventually(active).Should(And(HaveLen(1), Not(ContainElement(failing.Name))), "its work is stopped, and the next one has its slot")
		Eventually(status(j)).Should(And(HaveField("Failed", int32(1)), HaveField("Active", int32(1))))
		second := open(ns, "j", without(first, "a", "b", "c")...)
		finish(ns, "j", second)
		third := without(second, without(first, "a", "b", "c")...)[0]
		finish(ns, "j", third)
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseComplete, "2/3"))
		Expect(condition(j, v1beta1.JobComplete)()).To(Equal("True FailuresTolerated"))
		s, err := status(j)()
		Expect(err).NotTo(HaveOccurred())
		Expect(s.FailedNodes).To(ConsistOf(And(HaveField("Node", ns+"-"+first), HaveField("Reason", v1beta1.ReasonBackoffLimitExceeded),
			HaveField("Message", ContainSubstring("no space left")))))
	})

	It("holds every node of a Job that is suspended at creation, and lets them go", func() {
		addNodes(ns, "a", "b")
		j := create(pooled(ns, "j").Suspend(true))
		Eventually(status(j)).Should(And(phaseAnd(v1beta1.PhaseSuspended, "0/2"), HaveField("StartTime", BeNil())))
		Expect(condition(j, v1beta1.JobSuspended)()).To(Equal("True SuspendedByUser"))
		change(j, func(spec *v1beta1.JobSpec) { spec.Suspend = new(false) })
		Eventually(status(j)).Should(And(phaseAnd(v1beta1.PhaseRunning, "0/2"), HaveField("Active", int32(2)), HaveField("StartTime", Not(BeNil()))))
		Eventually(eventReasons(j)).Should(ContainElements("SuspendedByUser", "Resumed"))
	})

	It("holds nodes that join a plain Job while it is suspended", func() {
		addNodes(ns, "a")
		j := create(pooled(ns, "j"))
		Eventually(status(j)).Should(And(phaseAnd(v1beta1.PhaseRunning, "0/1"), HaveField("Active", int32(1))))
		change(j, func(spec *v1beta1.JobSpec) { spec.Suspend = new(true) })
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseSuspended, "0/1"))
		addNodes(ns, "b")
		Eventually(status(j)).Should(And(phaseAnd(v1beta1.PhaseSuspended, "0/2"), HaveField("Active", int32(1))))
		change(j, func(spec *v1beta1.JobSpec) { spec.Suspend = nil })
		Eventually(status(j)).Should(And(phaseAnd(v1beta1.PhaseRunning, "0/2"), HaveField("Active", int32(2))))
	})

	It("fails, names the node and its last lines, and removes the DaemonSet", func() {
		addNodes(ns, "a", "b")
		j := create(pooled(ns, "j").BackoffLimit(0))
		finish(ns, "j", "b")
		crash(ns, "j", "a", 1, 3, "mkdir: read-only file system")
		Eventually(status(j)).Should(And(phaseAnd(v1beta1.PhaseFailed, "1/2"), HaveField("CompletionTime", BeNil())))
		Eventually(notFound(j)).Should(BeTrue())
		Consistently(notFound(j)).Should(BeTrue())
		s, err := status(j)()
		Expect(err).NotTo(HaveOccurred())
		Expect(s.FailedNodes).To(HaveLen(1))
		Expect(*s.FailedNodes[0].ExitCode).To(Equal(int32(3)))
		Expect(s.FailedNodes[0].Message).To(ContainSubstring("read-only file system"))
		Eventually(eventReasons(j)).Should(ContainElements("NodeFailed", "Failed"))

		change(j, func(spec *v1beta1.JobSpec) { spec.MaxFailedNodes = new(intstr.FromInt32(2)) })
		Eventually(status(j)).Should(HaveField("ObservedGeneration", int64(2)))
		Consistently(notFound(j)).Should(BeTrue(), "a changed limit starts nothing on a finished Job")
		change(j, func(spec *v1beta1.JobSpec) { spec.Template.Spec.Containers[0].Image = "example.com/work:v2" })
		Eventually(status(j)).Should(And(phaseAnd(v1beta1.PhaseRunning, "0/2"), HaveField("Active", int32(2)), HaveField("FailedNodes", BeEmpty())))
		finish(ns, "j", "a")
		finish(ns, "j", "b")
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseComplete, "2/2"))
	})

	It("holds itself on failure, and tries the failed nodes again when resumed", func() {
		addNodes(ns, "a", "b")
		j := create(pooled(ns, "j").BackoffLimit(0).Parallelism("1").OnFailure(v1beta1.FailureActionSuspend))
		Eventually(status(j)).Should(HaveField("Active", int32(1)))
		first := open(ns, "j", "a", "b")
		other := without(first, "a", "b")[0]
		crash(ns, "j", first, 1, 1, "oops")
		Eventually(condition(j, v1beta1.JobSuspended)).Should(Equal("True MaxFailedNodesExceeded"))
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(j), j)).To(Succeed())
		Expect(j.Spec.Suspend).To(BeNil(), "the spec is the user's")
		Consistently(condition(j, v1beta1.JobSuspended)).Should(Equal("True MaxFailedNodesExceeded"))
		failed, err := podOn(ns, "j", first)
		Expect(err).NotTo(HaveOccurred())

		resume(j, "1")
		Eventually(func() (string, error) {
			pod, err := podOn(ns, "j", first)
			if err != nil {
				return "", err
			}
			return string(pod.UID), nil
		}).ShouldNot(BeElementOf("", string(failed.UID)))
		Eventually(condition(j, v1beta1.JobSuspended)).Should(Equal("False Resumed"))
		for _, observedPod := range []string{other, first} {
			finish(ns, "j", observedPod)
		}
		Eventually(status(j)).Should(And(phaseAnd(v1beta1.PhaseComplete, "2/2"), HaveField("FailedNodes", BeEmpty())))
	})

	It("meets its deadline within a second and names what each node was doing", func() {
		addNodes(ns, "a", "b", "c")
		j := create(pooled(ns, "j").Deadline(3))
		finish(ns, "j", "a")
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseFailed, "1/3"))
		s, err := status(j)()
		Expect(err).NotTo(HaveOccurred())
		c := meta.FindStatusCondition(s.Conditions, v1beta1.JobFailed)
		Expect(c.Reason).To(Equal(v1beta1.ReasonDeadlineExceeded))
		Expect(c.LastTransitionTime.Sub(s.StartTime.Time)).To(BeNumerically("<=", 4*time.Second))
		Expect(s.FailedNodes).To(HaveLen(2))
		Expect(s.FailedNodes[0].Message).To(ContainSubstring("running"))
		Eventually(notFound(j)).Should(BeTrue())
	})

	It("stays with completionPolicy Never, and runs on a node that joins later", func() {
		addNodes(ns, "a")
		j := create(pooled(ns, "j").Never().BackoffLimit(0))
		crash(ns, "j", "a", 5, 1, "")
		Eventually(status(j)).Should(And(phaseAnd(v1beta1.PhaseRunning, "0/1"), HaveField("Failed", int32(1))))
		addNodes(ns, "b")
		finish(ns, "j", "b")
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseRunning, "1/2"))
	})

	It("keeps its pods until its TTL passes, and runs on no node that joins", func() {
		addNodes(ns, "a", "b")
		j := create(pooled(ns, "j").TTL(600).MaxFailedNodes("50%").BackoffLimit(0))
		finish(ns, "j", "a")
		crash(ns, "j", "b", 1, 1, "")
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseComplete, "1/2"))
		kept, err := podOn(ns, "j", "a")
		Expect(err).NotTo(HaveOccurred())
		addNodes(ns, "c")
		for _, observedPod := range []string{"b", "c"} {
			Eventually(func() (int, error) {
				pod, err := podOn(ns, "j", observedPod)
				if err != nil {
					return 0, err
				}
				return len(pod.Spec.SchedulingGates), nil
			}).Should(Equal(1), "what failed is stopped, and what joined is held: "+observedPod)
		}
		Consistently(func() (string, error) {
			pod, err := podOn(ns, "j", "a")
			if err != nil {
				return "", err
			}
			return string(pod.UID), nil
		}).Should(Equal(string(kept.UID)))
		Expect(status(j)()).To(phaseAnd(v1beta1.PhaseComplete, "1/2"))
	})

	It("takes a changed limit at once", func() {
		addNodes(ns, "a", "b", "c")
		j := create(pooled(ns, "j").Parallelism("1"))
		Eventually(status(j)).Should(HaveField("Active", int32(1)))
		change(j, func(spec *v1beta1.JobSpec) { spec.Parallelism = new(intstr.FromInt32(2)) })
		Eventually(status(j)).Should(HaveField("Active", int32(2)))
		change(j, func(spec *v1beta1.JobSpec) { spec.Parallelism = nil })
		Eventually(status(j)).Should(HaveField("Active", int32(3)))
	})
})

// resume sets the annotation that resumes a Job that holds itself.
func resume(j *v1beta1.Job, value string) {
	GinkgoHelper()
	Eventually(func() error {
		if err := k8s.Get(ctx, client.ObjectKeyFromObject(j), j); err != nil {
			return err
		}
		j.Annotations = map[string]string{v1beta1.AnnotationResume: value}
		return k8s.Update(ctx, j)
	}).Should(Succeed())
}

// open is the first of the nodes whose pod's gate is open.
func open(namespace, job string, nodes ...string) string {
	GinkgoHelper()
	var found string
	Eventually(func() error {
		for _, observedPod := range nodes {
			if pod, err := podOn(namespace, job, observedPod); err == nil && len(pod.Spec.SchedulingGates) == 0 {
				found = observedPod
				return nil
			}
		}
		return fmt.Errorf("none of %v has started", nodes)
	}).Should(Succeed())
	return found
}

func without(name string, names ...string) []string {
	var rest []string
	for _, n := range names {
		if n != name {
			rest = append(rest, n)
		}
	}
	return rest
}
