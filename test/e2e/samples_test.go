//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// apply applies a sample, unchanged, in the test's namespace.
func apply(namespace, file string) {
	GinkgoHelper()
	_, err := kubectl("apply", "-n", namespace, "-f", "../../config/samples/"+file)
	Expect(err).NotTo(HaveOccurred())
}

// nextRun returns when the CronJob runs next, once the manager has observed it.
func nextRun(j *v1beta1.CronJob) time.Time {
	GinkgoHelper()
	Eventually(cronJobStatus(j)).Should(And(HaveField("NextScheduleTime", Not(BeNil())), HaveField("Conditions", ContainElement(And(
		HaveField("Type", v1beta1.CronJobReady), HaveField("Status", metav1.ConditionTrue), HaveField("Reason", v1beta1.ReasonScheduled))))))
	s, err := cronJobStatus(j)()
	Expect(err).NotTo(HaveOccurred())
	return s.NextScheduleTime.Time
}

// named returns a Job with only the name of a sample's Job, to read or wait for it.
func named(namespace, name string) *v1beta1.Job { return wrappers.Job(namespace, name).Obj() }

var _ = Describe("the samples, as they stand", func() {
	var ns string
	BeforeEach(func() { ns = newNamespace() })

	It("exit_prepull.yaml has every node pull an image", func() {
		apply(ns, "exit_prepull.yaml")
		Eventually(nothingLeft(named(ns, "prepull"))).Should(Succeed())
	})

	It("exit_sysctl.yaml sets a kernel setting", func() {
		apply(ns, "exit_sysctl.yaml")
		Eventually(nothingLeft(named(ns, "sysctl"))).Should(Succeed())
		for _, node := range nodes {
			Expect(onHost(node, "cat /proc/sys/vm/max_map_count")).To(Equal("262144\n"))
		}
	})

	It("exit_node_pool.yaml runs on the nodes of a pool alone", Label("local"), Serial, func() {
		requireLocalCluster()
		onAllHosts("rm -f /host/tmp/node-pool-done")
		apply(ns, "exit_node_pool.yaml")
		j := named(ns, "node-pool")
		Eventually(blocked(j)).Should(And(HavePrefix("NoMatchingNode: "), ContainSubstring("see its nodeSelector and tolerations")))
		const pool = "example.com/pool"
		setNode(nodes[0], func(node *corev1.Node) {
			node.Labels[pool] = "gpu"
			node.Spec.Taints = append(node.Spec.Taints, corev1.Taint{Key: pool, Value: "gpu", Effect: corev1.TaintEffectNoSchedule})
		})
		DeferCleanup(setNode, nodes[0], func(node *corev1.Node) {
			delete(node.Labels, pool)
			node.Spec.Taints = slices.DeleteFunc(node.Spec.Taints, func(taint corev1.Taint) bool { return taint.Key == pool })
		})
		Eventually(nothingLeft(j)).Should(Succeed())
		for i, node := range nodes {
			found := map[bool]string{true: "1\n", false: "0\n"}[i == 0]
			Expect(onHost(node, "ls /host/tmp | grep -c node-pool-done || true")).To(Equal(found), node)
		}
	})

	It("waves_cleanup.yaml cleans up, one node at a time", func() {
		onAllHosts("mkdir -p /host/tmp/waves-foo")
		apply(ns, "waves_cleanup.yaml")
		j := named(ns, "waves")
		most := int32(0)
		Eventually(func() error {
			if s, err := status(j)(); err == nil {
				most = max(most, s.Active)
			}
			return nothingLeft(j)()
		}, "90s").Should(Succeed())
		Expect(most).To(BeNumerically("<=", 1))
		onAllHosts("test ! -e /host/tmp/waves-foo")
	})

	It("exit_report.yaml keeps the reports of all nodes", func() {
		apply(ns, "exit_report.yaml")
		j := named(ns, "report")
		Eventually(status(j)).Should(And(HaveField("Phase", v1beta1.PhaseComplete), progress(len(nodes))))
		logs, err := kubectl("logs", "-n", ns, "-l", "job=report", "-c", "job-container", "--prefix", "--tail=-1")
		Expect(err).NotTo(HaveOccurred())
		for _, node := range nodes {
			Expect(logs).To(ContainSubstring("report of " + node + ": "))
		}
		_, err = kubectl("delete", "dsj", "-n", ns, "report")
		Expect(err).NotTo(HaveOccurred())
		Eventually(nothingLeft(j)).Should(Succeed())
	})

	It("release_report.yaml leaves no pod, and a record of every node", func() {
		apply(ns, "release_report.yaml")
		j := named(ns, "release-report")
		Eventually(status(j), "90s").Should(And(HaveField("Phase", v1beta1.PhaseComplete), progress(len(nodes))))
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(j), j)).To(Succeed())
		Expect(recorded(j)()).To(HaveLen(len(nodes)))
		Eventually(gatedPods(j)).Should(BeEmpty())
		Expect(kubectl("get", "dsjr", "-n", ns, "-l", "job=release-report")).To(ContainSubstring("release-report"))
	})

	It("exit_results.yaml records what each node printed", func() {
		apply(ns, "exit_results.yaml")
		j := named(ns, "results")
		Eventually(status(j)).Should(And(HaveField("Phase", v1beta1.PhaseComplete), HaveField("Records", int32(1))))
		outputs, err := kubectl("get", "jobrecords", "-n", ns, "-l", "job=results", "-o", "jsonpath={range .items[*].spec.nodes[*]}{.node} {.output}{\"\\n\"}{end}")
		Expect(err).NotTo(HaveOccurred())
		Expect(strings.Split(strings.TrimSpace(outputs), "\n")).To(HaveLen(len(nodes)))
		for _, node := range nodes {
			Expect(outputs).To(MatchRegexp(`(?m)^` + node + ` \{"kernel":"[^"]+"\}$`))
		}
	})

	It("daemonset_v1beta1_cronjob.yaml waits for Sunday", func() {
		apply(ns, "daemonset_v1beta1_cronjob.yaml")
		j := &v1beta1.CronJob{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "cronjob-sample"}}
		next := nextRun(j)
		Expect(next.UTC().Weekday()).To(Equal(time.Sunday))
		Expect(next.UTC().Format("15:04")).To(Equal("03:00"))
	})

	It("cron_nightly_report.yaml waits for the night, and can be run by hand", func() {
		apply(ns, "cron_nightly_report.yaml")
		j := &v1beta1.CronJob{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "nightly-report"}}
		berlin, err := time.LoadLocation("Europe/Berlin")
		Expect(err).NotTo(HaveOccurred())
		Expect(nextRun(j).In(berlin).Format("15:04")).To(Equal("02:30"))

		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(j), j)).To(Succeed())
		byHand := &v1beta1.Job{
			ObjectMeta: metav1.ObjectMeta{Namespace: ns, GenerateName: j.Name + "-manual-",
				OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(j, v1beta1.GroupVersion.WithKind("CronJob"))}},
			Spec: j.Spec.JobTemplate.Spec,
		}
		Expect(k8s.Create(ctx, byHand)).To(Succeed())
		Eventually(cronJobStatus(j), "90s").Should(And(HaveField("LastRun.Name", byHand.Name), HaveField("LastRun.Completed", fmt.Sprintf("%d/%[1]d", len(nodes))),
			HaveField("LastRun.Phase", v1beta1.RunPhase(v1beta1.PhaseComplete)), HaveField("LastScheduleTime", BeNil()), HaveField("LastSuccessfulTime", Not(BeNil()))))
		nothingOnTheNodes(ns)
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(byHand), byHand)).To(Succeed(), "the history has it")
		Expect(recorded(byHand)()).To(HaveLen(len(nodes)))
	})

	It("never_node_setup.yaml stays, with every node set up", func() {
		onAllHosts("rm -f /host/tmp/node-setup-done")
		apply(ns, "never_node_setup.yaml")
		j := named(ns, "node-setup")
		Eventually(status(j)).Should(And(HaveField("Phase", v1beta1.PhaseRunning), progress(len(nodes))))
		onAllHosts("rm /host/tmp/node-setup-done")
		Consistently(status(j)).Should(And(HaveField("Phase", v1beta1.PhaseRunning), progress(len(nodes))))
		onAllHosts("test ! -e /host/tmp/node-setup-done")
	})

	It("tolerate_failures.yaml is complete and kept for a while", func() {
		apply(ns, "tolerate_failures.yaml")
		Eventually(status(named(ns, "tolerant"))).Should(HaveField("Phase", v1beta1.PhaseComplete))
	})

	It("exit_skip_nodes.yaml does the work where it is needed, and skips the other nodes", func() {
		onAllHosts("rm -rf /host/tmp/skip-nodes-foo")
		_, err := onHost(nodes[0], "mkdir /host/tmp/skip-nodes-foo")
		Expect(err).NotTo(HaveOccurred())
		apply(ns, "exit_skip_nodes.yaml")
		Eventually(status(named(ns, "skip-nodes")), "90s").Should(And(HaveField("Phase", v1beta1.PhaseComplete), progress(len(nodes)),
			HaveField("Succeeded", int32(1)), HaveField("Skipped", int32(len(nodes)-1)), HaveField("Failed", int32(0))))
		onAllHosts("test ! -e /host/tmp/skip-nodes-foo")
	})

	It("retry_failed.yaml is complete, and retries nothing where nothing fails", func() {
		apply(ns, "retry_failed.yaml")
		Eventually(status(named(ns, "retry-failed")), "90s").Should(And(HaveField("Phase", v1beta1.PhaseComplete), HaveField("Succeeded", int32(len(nodes)))))
	})

	It("suspend_hold.yaml is held until a person lets it go", func() {
		apply(ns, "suspend_hold.yaml")
		j := named(ns, "held")
		Eventually(status(j)).Should(And(HaveField("Phase", v1beta1.PhaseSuspended), HaveField("Desired", int32(len(nodes)))))
		Consistently(status(j)).Should(HaveField("Active", int32(0)))
		_, err := kubectl("patch", "dsj", "held", "-n", ns, "--type=merge", "-p", `{"spec":{"suspend":false}}`)
		Expect(err).NotTo(HaveOccurred())
		Eventually(nothingLeft(j), "90s").Should(Succeed())
	})
})

var _ = Describe("failures on real nodes", func() {
	var ns string
	BeforeEach(func() { ns = newNamespace() })

	It("names the node that failed, its exit code and the last lines that it printed", func() {
		bad := nodes[0]
		j := create(shell(ns, "j", fmt.Sprintf(`if [ "$NODE_NAME" = %s ]; then echo "disk is full"; exit 7; fi; true`, bad)).Exit().BackoffLimit(1))
		Eventually(status(j), "120s").Should(HaveField("Phase", v1beta1.PhaseFailed))
		s, err := status(j)()
		Expect(err).NotTo(HaveOccurred())
		Expect(s.FailedNodes).To(HaveLen(1))
		Expect(s.FailedNodes[0].Node).To(Equal(bad))
		Expect(*s.FailedNodes[0].ExitCode).To(Equal(int32(7)))
		Expect(s.FailedNodes[0].Message).To(ContainSubstring("disk is full"))
		described, err := kubectl("describe", "dsj", "-n", ns, "j")
		Expect(err).NotTo(HaveOccurred())
		for _, word := range []string{"disk is full", bad, "NodeFailed", "MaxFailedNodesExceeded"} {
			Expect(strings.Contains(described, word)).To(BeTrue(), "%q in\n%s", word, described)
		}
	})

	It("says that a container exits without the word, and what was probably meant", func() {
		j := create(shell(ns, "j", "true"))
		Eventually(blocked(j), "90s").Should(And(ContainSubstring("ExitedWithoutWord"), ContainSubstring("completionMode: Exit")))
		change(j, func(spec *v1beta1.JobSpec) { spec.CompletionMode = v1beta1.CompletionExit })
		Eventually(nothingLeft(j), "90s").Should(Succeed())
	})

	It("turns nodes that are not done at the deadline into failed ones", func() {
		j := create(shell(ns, "j", "trap 'exit 0' TERM; while true; do sleep 0.2; done").Exit().Deadline(8))
		Eventually(status(j)).Should(HaveField("Phase", v1beta1.PhaseFailed))
		s, err := status(j)()
		Expect(err).NotTo(HaveOccurred())
		Expect(s.FailedNodes).To(HaveLen(len(nodes)))
		Expect(s.FailedNodes[0].Reason).To(Equal(v1beta1.ReasonDeadlineExceeded))
	})
})
