//go:build e2e

package e2e

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// failsInFirstPod is a script that fails in each run of the node's first pod, and waits until
// the test releases the node on all nodes but that one.
const failsInFirstPod = `echo run >> /basetarget/runs
if [ "$NODE_NAME" != %s ]; then while [ ! -e /basetarget/go ]; do sleep 0.05; done; exit 0; fi
[ -e /basetarget/first ] || uname -n > /basetarget/first
[ "$(cat /basetarget/first)" != "$(uname -n)" ]`

// hangsOn returns the pod of a Job that exits at once, but on one node never, whatever tells it to.
func hangsOn(node, namespace string) corev1.PodTemplateSpec {
	template := requesting(namespace, nil)
	template.Spec.TerminationGracePeriodSeconds = new(int64(2))
	container := &template.Spec.Containers[0]
	container.Command = []string{"/bin/sh", "-c", fmt.Sprintf(`trap '' TERM; echo run >> /basetarget/runs; while [ "$NODE_NAME" = %s ]; do sleep 0.2; done`, node)}
	container.Env = []corev1.EnvVar{{Name: "NODE_NAME", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "spec.nodeName"}}}}
	return template
}

// messageOf returns reason and message of a condition.
func messageOf(j *v1beta1.Job, conditionType string) string {
	GinkgoHelper()
	s, err := status(j)()
	Expect(err).NotTo(HaveOccurred())
	c := meta.FindStatusCondition(s.Conditions, conditionType)
	Expect(c).NotTo(BeNil())
	return c.Reason + ": " + c.Message
}

var _ = Describe("a node with rules of its own", func() {
	var ns string
	BeforeEach(func() { ns = newNamespace() })

	It("is skipped by its exit code, also if every node is", func() {
		j := create(shell(ns, "j", "echo run >> /basetarget/runs; exit 42").Exit().OnExit(v1beta1.NodeActionSkip, 42).TTL(600))
		Eventually(status(j)).Should(And(HaveField("Phase", v1beta1.PhaseComplete), progress(len(nodes)),
			HaveField("Skipped", int32(len(nodes))), HaveField("Failed", BeZero())))
		Expect(messageOf(j, v1beta1.JobComplete)).To(ContainSubstring("0 done, %d skipped", len(nodes)))
		Eventually(gatedPods(j)).Should(HaveLen(len(nodes)), "no successor does the work")
		counts, err := runs(ns)()
		Expect(err).NotTo(HaveOccurred())
		Expect(counts).To(HaveEach(BeElementOf("1\n", "2\n")), "the kubelet starts it once more before its pod is deleted")
		Consistently(runs(ns)).Should(Equal(counts))
		Expect(recorded(j)()).To(And(HaveLen(len(nodes)), HaveEach(v1beta1.RecordSkipped)))
	})

	It("fails alone when it hangs past its deadline, whatever it ignores", func() {
		// The other nodes need less, also where they start their containers slowly.
		j := create(wrappers.Job(ns, "j").Template(hangsOn(nodes[0], ns)).Exit().NodeDeadline(30).MaxFailedNodes("1").TTL(600))
		Eventually(status(j)).WithTimeout(2 * time.Minute).Should(And(HaveField("Phase", v1beta1.PhaseComplete), progress(len(nodes)-1)))
		Expect(status(j)()).To(HaveField("FailedNodes", ConsistOf(And(HaveField("Node", nodes[0]), HaveField("Reason", v1beta1.ReasonNodeDeadlineExceeded)))))
		Eventually(gatedPods(j)).Should(HaveLen(1))
		Consistently(runs(ns)).Should(Equal(eachNode("1")))
	})

	It("fails the Job at once by its exit code, whatever the Job tolerates", func() {
		script := fmt.Sprintf(`if [ "$NODE_NAME" = %s ]; then exit 43; fi; trap 'exit 0' TERM; while true; do sleep 0.2; done`, nodes[0])
		j := create(shell(ns, "j", script).Exit().OnExit(v1beta1.NodeActionFailJob, 43).MaxFailedNodes("100%").OnFailure(v1beta1.FailureActionSuspend))
		Eventually(status(j)).Should(HaveField("Phase", v1beta1.PhaseFailed))
		Expect(messageOf(j, v1beta1.JobFailed)).To(And(HavePrefix(v1beta1.ReasonNodeFailurePolicy), ContainSubstring(nodes[0])))
		Eventually(podsOf(j)).Should(BeZero())
	})

	It("is tried again when all others are finished, and did not fail until then", func() {
		j := create(shell(ns, "j", fmt.Sprintf(failsInFirstPod, nodes[0])).Exit().RetryFailed(1).BackoffLimit(0).TTL(600))
		Eventually(recorded(j)).Should(HaveKeyWithValue(nodes[0], v1beta1.RecordFailed))
		Eventually(gatedPods(j)).Should(HaveLen(1))
		Consistently(status(j)).Should(And(HaveField("Phase", v1beta1.PhaseRunning), HaveField("Failed", BeZero()), progress(0)))
		letGo(ns, nodes[1:]...)
		Eventually(status(j)).Should(And(HaveField("Phase", v1beta1.PhaseComplete), progress(len(nodes))))
		counts, err := runs(ns)()
		Expect(err).NotTo(HaveOccurred())
		for _, other := range nodes[1:] {
			Expect(counts).To(HaveKeyWithValue(other, "1\n"))
		}
	})

	It("is not judged by what a reboot makes its work exit with", Label("local"), Serial, func() {
		requireLocalCluster()
		w := shell(ns, "j", exits).Exit().OnExit(v1beta1.NodeActionFailJob, 1).TTL(600)
		w.Spec.NodeFailurePolicy.Rules[0].OnExitCodes.Operator = v1beta1.ExitCodeNotIn
		j := create(w)
		Eventually(runs(ns)).Should(Equal(eachNode("1")))
		// Work of less than ten seconds cannot be told from work in the new sandbox.
		Consistently(status(j), "15s", "1s").Should(HaveField("Phase", v1beta1.PhaseRunning))
		Expect(local.KillSandbox(ctx, nodes[0], string(podOn(j, nodes[0]).UID))).To(Succeed())
		Eventually(runs(ns)).Should(HaveKeyWithValue(nodes[0], "2\n"))
		Consistently(status(j)).Should(HaveField("Phase", v1beta1.PhaseRunning))
		letGo(ns, nodes...)
		Eventually(status(j)).Should(And(HaveField("Phase", v1beta1.PhaseComplete), progress(len(nodes)), HaveField("Failed", BeZero())))
	})
})
