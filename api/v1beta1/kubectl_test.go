package v1beta1_test

import (
	"context"
	"os/exec"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// kubectl runs it as an administrator and returns what it printed.
func kubectl(args ...string) string {
	GinkgoHelper()
	command := exec.Command(kubectlPath, append([]string{"--kubeconfig", kubeconfig, "--cache-dir", GinkgoT().TempDir()}, args...)...)
	out, err := command.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), "kubectl %s: %s", strings.Join(args, " "), out)
	return string(out)
}

var _ = Describe("kubectl", func() {
	It("applies the CRD again without a change", func() {
		Expect(kubectl("apply", "-f", crdFile)).To(ContainSubstring("unchanged"))
	})

	It("applies the manifests without a warning", func() {
		Expect(kubectl("apply", "-k", "../../config/default")).NotTo(ContainSubstring("Warning"))
	})

	DescribeTable("explains each field", func(object string, fields ...string) {
		out := kubectl("explain", object)
		Expect(out).NotTo(ContainSubstring("<no description>"))
		Expect(out).NotTo(ContainSubstring("<empty>"))
		for _, field := range fields {
			Expect(out).To(MatchRegexp(`(?m)^  %s\t`, field))
		}
	},
		Entry("of a Job", "dsj", "spec", "status"),
		Entry("of its spec", "dsj.spec", "activeDeadlineSeconds", "args", "backoffLimit", "command", "completionMode",
			"completionPolicy", "env", "image", "maxFailedNodes", "mountPath", "nodeDeadlineSeconds", "nodeFailurePolicy", "nodeSelector", "onFailure",
			"parallelism", "retryFailed", "suspend", "template", "terminationWord", "tolerations", "ttlSecondsAfterFinished"),
		Entry("of its status", "dsj.status", "active", "completed", "completionTime", "conditions", "desired", "failed",
			"failedNodes", "failureGroups", "observedGeneration", "phase", "skipped", "startTime", "succeeded"),
		Entry("of the rules for exit codes", "dsj.spec.nodeFailurePolicy.rules", "action", "onExitCodes"),
		Entry("of a rule's exit codes", "dsj.spec.nodeFailurePolicy.rules.onExitCodes", "operator", "values"),
		Entry("of a failed node", "dsj.status.failedNodes", "exitCode", "message", "node", "reason"),
		Entry("of a group of failed nodes", "dsj.status.failureGroups", "count", "exitCode", "message", "nodes", "reason"),
		Entry("of a condition", "dsj.status.conditions", "type", "status", "reason", "message"),
	)

	It("knows the fields of the pod template", func() {
		Expect(kubectl("explain", "dsj.spec.template.spec.containers.securityContext")).To(ContainSubstring("runAsNonRoot"))
		Expect(kubectl("explain", "dsj.spec.template.metadata")).To(ContainSubstring("annotations"))
	})

	// Without it, kstatus takes a Job that no manager has seen yet for ready.
	It("shows that the manager has not observed a new Job", func() {
		ctx := context.Background()
		job := wrappers.Job("default", "new").Obj()
		Expect(k8s.Create(ctx, job)).To(Succeed())
		DeferCleanup(func() { Expect(k8s.Delete(ctx, job)).To(Succeed()) })
		Expect(kubectl("get", "dsj", "new", "-o", "jsonpath={.status}")).To(MatchJSON(
			`{"active":0,"desired":0,"failed":0,"observedGeneration":-1,"succeeded":0}`))
	})

	It("leaves the short names of batch/v1 alone", func() {
		Expect(kubectl("explain", "job")).To(ContainSubstring("batch"))
	})

	It("shows phase, progress and age", func() {
		ctx := context.Background()
		job := wrappers.Job("default", "shown").Image("image").Obj()
		Expect(k8s.Create(ctx, job)).To(Succeed())
		DeferCleanup(func() { Expect(k8s.Delete(ctx, job)).To(Succeed()) })
		before := job.DeepCopy()
		job.Status = v1beta1.JobStatus{Phase: v1beta1.PhaseRunning, Completed: "3/5", Desired: 5, Succeeded: 3, Active: 1, Failed: 1,
			FailedNodes: []v1beta1.FailedNode{{Node: "n", Reason: "BackoffLimitExceeded", ExitCode: new(int32(3))}}}
		Expect(k8s.Status().Patch(ctx, job, client.MergeFrom(before))).To(Succeed())

		lines := strings.Split(strings.TrimSpace(kubectl("get", "dsj")), "\n")
		Expect(lines).To(HaveLen(2))
		Expect(strings.Fields(lines[0])).To(Equal([]string{"NAME", "PHASE", "COMPLETED", "FAILED", "BLOCKED", "AGE"}))
		Expect(strings.Fields(lines[1])).To(HaveExactElements("shown", "Running", "3/5", "1", MatchRegexp(`^\d+s$`)))
		Expect(kubectl("get", "dsj", "-o", "wide")).To(ContainSubstring("BLOCKED"))
	})
})
