package job_test

import (
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

func writesRecord(request *http.Request) bool {
	return request.Method != http.MethodGet && strings.Contains(request.URL.Path, "/jobrecords")
}

func never(*http.Request) bool { return false }

// exits lets the work on a node exit with code 42.
func exits(j *v1beta1.Job, node string) { crash(j.Namespace, j.Name, node, 1, 42, "") }

// expires sets a deadline that has passed on the node.
func expires(j *v1beta1.Job, _ string) {
	GinkgoHelper()
	time.Sleep(2 * time.Second) // The API server sets when the pod was bound, and cuts it to a second.
	change(j, func(spec *v1beta1.JobSpec) { spec.NodeDeadlineSeconds = new(int64(1)) })
}

var _ = Describe("the stop of the work on a node", func() {
	var (
		ns, first, second string
		j                 *v1beta1.Job
		pod               *corev1.Pod
	)
	// A quota keeps the second node from getting a pod, so that the template has no gate yet.
	BeforeEach(func() {
		ns = newNamespace()
		addNodes(ns, "a", "b")
		allowOnePod(ns)
		j = create(pooled(ns, "j").OnExit(v1beta1.NodeActionSkip, 42).MaxFailedNodes("1").TTL(600))
		Eventually(podNames(j)).Should(HaveLen(1))
		first = open(ns, "j", "a", "b")
		second = without(first, "a", "b")[0]
		pod = startedPod(ns, "j", first)
	})
	podIsThere := func() (bool, error) {
		now, err := podOn(ns, "j", first)
		return err == nil && now.UID == pod.UID, nil
	}
	// killedAfterRecord kills a manager of another installation right after it recorded the node.
	killedAfterRecord := func(end func(*v1beta1.Job, string)) {
		GinkgoHelper()
		ds, err := daemonSetOf(j)
		Expect(err).NotTo(HaveOccurred())
		runBy(ds, otherInstallation)
		Eventually(saidBy(j, suiteInstallation)).Should(HaveLen(1))
		killed, stop := crashing(ns, writesRecord)
		end(j, first)
		Eventually(killed.Load).Should(BeTrue())
		stop()
		Expect(entriesOf(j)()).To(HaveExactElements(HaveField("PodUID", pod.UID)))
		Expect(podIsThere()).To(BeTrue())
		Expect(status(j)()).To(HaveField("Gated", false))
	}
	// startSecond lets the second node have its pod, and all the time that it needs.
	startSecond := func() {
		GinkgoHelper()
		change(j, func(spec *v1beta1.JobSpec) { spec.NodeDeadlineSeconds = nil })
		Expect(k8s.Delete(ctx, &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "one"}})).To(Succeed())
		startedPod(ns, "j", second)
	}

	DescribeTable("is recorded, then gated, then observed, and only then done", func(end func(*v1beta1.Job, string), result v1beta1.RecordResult, reason string) {
		s := watchSteps(pod)
		end(j, first)
		Eventually(s.inOrder).Should(Equal([]string{"recorded", "latched", "gated", "observed", "deleted"}))
		Expect(entriesOf(j)()).To(ConsistOf(entryOf(pod, result, reason)))
	},
		Entry("after a rule", exits, v1beta1.RecordSkipped, v1beta1.ReasonNodeFailurePolicy),
		Entry("after its deadline", expires, v1beta1.RecordFailed, v1beta1.ReasonNodeDeadlineExceeded),
	)

	DescribeTable("goes on where a manager was killed after the record", func(end func(*v1beta1.Job, string), result v1beta1.RecordResult, reason, completed string) {
		killedAfterRecord(end)
		s := watchSteps(pod)
		crashing(ns, never)
		Eventually(s.inOrder).Should(Equal([]string{"recorded", "latched", "gated", "observed", "deleted"}))
		startSecond()
		finish(ns, "j", second)
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseComplete, completed))
		Expect(entriesOf(j)()).To(ContainElement(entryOf(pod, result, reason)))
		Expect(gatesAfter(pod, ns, "j", first)()).To(Equal(1), "its successor never did the work")
	},
		Entry("after a rule", exits, v1beta1.RecordSkipped, v1beta1.ReasonNodeFailurePolicy, "2/2"),
		Entry("after its deadline", expires, v1beta1.RecordFailed, v1beta1.ReasonNodeDeadlineExceeded, "1/2"),
	)

	It("leaves work that was done meanwhile, and only too late, as it is", func() {
		killedAfterRecord(expires)
		finish(ns, "j", first)
		crashing(ns, never)
		Eventually(status(j)).Should(And(HaveField("Succeeded", int32(1)), HaveField("Failed", int32(0))))
		startSecond()
		finish(ns, "j", second)
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseComplete, "2/2"))
	})

	DescribeTable("waits for its record", func(end func(*v1beta1.Job, string), result v1beta1.RecordResult, reason string) {
		startSecond()
		Eventually(condition(j, v1beta1.JobBlocked)).Should(Equal("False NotBlocked"))
		theirs := recordObject(ns, "j", string(j.UID))
		theirs.Labels[v1beta1.LabelJobUID] = "another"
		Expect(k8s.Create(ctx, theirs)).To(Succeed())
		end(j, first)
		Eventually(condition(j, v1beta1.JobBlocked)).WithTimeout(30 * time.Second).Should(Equal("True " + v1beta1.ReasonRecordRefused))
		Consistently(podIsThere, "3s").Should(BeTrue())
		Expect(entriesOf(j)()).To(BeEmpty())

		Expect(k8s.Delete(ctx, theirs)).To(Succeed())
		Eventually(podIsThere).WithTimeout(45 * time.Second).Should(BeFalse())
		Expect(entriesOf(j)()).To(ContainElement(entryOf(pod, result, reason)))
	},
		Entry("after a rule", exits, v1beta1.RecordSkipped, v1beta1.ReasonNodeFailurePolicy),
		Entry("after its deadline", expires, v1beta1.RecordFailed, v1beta1.ReasonNodeDeadlineExceeded),
	)
})
