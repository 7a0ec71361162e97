package v1beta1_test

import (
	"context"
	"os/exec"
	"regexp"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// jobFields are the fields of a Job's spec.
const jobFields = "activeDeadlineSeconds args backoffLimit command completedPods completionMode completionPolicy env image maxFailedNodes mountPath " +
	"nodeDeadlineSeconds nodeFailurePolicy nodeSelector onFailure parallelism results retryFailed suspend template terminationWord tolerations ttlSecondsAfterFinished"

// kubectl runs it as an administrator and returns what it printed.
func kubectl(args ...string) string {
	GinkgoHelper()
	command := exec.Command(kubectlPath, append([]string{"--kubeconfig", kubeconfig, "--cache-dir", GinkgoT().TempDir()}, args...)...)
	out, err := command.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), "kubectl %s: %s", strings.Join(args, " "), out)
	return string(out)
}

var _ = Describe("kubectl", func() {
	It("applies the CRDs again without a change", func() {
		Expect(kubectl("apply", "-f", crdFile)).To(ContainSubstring("unchanged"))
		Expect(kubectl("apply", "-f", cronJobCRDFile)).To(ContainSubstring("unchanged"))
	})

	It("applies the manifests without a warning", func() {
		Expect(kubectl("apply", "-k", "../../config/default")).NotTo(ContainSubstring("Warning"))
	})

	DescribeTable("explains each field", func(object, fields string) {
		out := kubectl("explain", object)
		Expect(out).NotTo(ContainSubstring("<no description>"))
		Expect(out).NotTo(ContainSubstring("<empty>"))
		for field := range strings.FieldsSeq(fields) {
			Expect(out).To(MatchRegexp(`(?m)^  %s\t`, field))
		}
	},
		Entry("of a Job", "dsj", "spec status"),
		Entry("of its spec", "dsj.spec", jobFields),
		Entry("of its status", "dsj.status", "active completed completionTime conditions desired failed failedNodes failureGroups observedGeneration phase skipped startTime succeeded"),
		Entry("of the rules for exit codes", "dsj.spec.nodeFailurePolicy.rules", "action onExitCodes"),
		Entry("of a rule's exit codes", "dsj.spec.nodeFailurePolicy.rules.onExitCodes", "operator values"),
		Entry("of a failed node", "dsj.status.failedNodes", "exitCode message node reason"),
		Entry("of a group of failed nodes", "dsj.status.failureGroups", "count exitCode message nodes reason"),
		Entry("of a condition", "dsj.status.conditions", "type status reason message"),
		Entry("of a CronJob", "dscj", "spec status"),
		Entry("of its spec", "dscj.spec", "concurrencyPolicy failedJobsHistoryLimit jobTemplate schedule startingDeadlineSeconds successfulJobsHistoryLimit suspend timeZone"),
		Entry("of its template", "dscj.spec.jobTemplate", "metadata spec"),
		Entry("of its Job", "dscj.spec.jobTemplate.spec", jobFields),
		Entry("of the results of its Job", "dscj.spec.jobTemplate.spec.results", "outputs"),
		Entry("of its status", "dscj.status", "active activeJobs conditions lastRun lastScheduleTime lastSuccessfulTime nextScheduleTime observedGeneration observedSchedule pending scheduleSince"),
		Entry("of a run that is not finished", "dscj.status.active", "name scheduledTime uid"),
		Entry("of the last run", "dscj.status.lastRun", "completed completionTime creationTime failed name phase scheduledTime"),
		Entry("of a run that is pending", "dscj.status.pending", "name scheduledTime uid"),
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

	It("shows when a CronJob ran, how far the run is, and when it runs next", func() {
		ctx := context.Background()
		cronJob := &v1beta1.CronJob{
			ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "shown"},
			Spec:       v1beta1.CronJobSpec{Schedule: "0 3 * * 0", JobTemplate: v1beta1.JobTemplateSpec{Spec: v1beta1.JobSpec{Image: "image"}}},
		}
		Expect(k8s.Create(ctx, cronJob)).To(Succeed())
		DeferCleanup(func() { Expect(k8s.Delete(ctx, cronJob)).To(Succeed()) })
		Expect(kubectl("get", "dscj", "shown", "-o", "jsonpath={.status}")).To(MatchJSON(`{"observedGeneration":-1}`))
		heading, _, _ := strings.Cut(kubectl("get", "dscj"), "\n")
		Expect(cells(heading)).To(HaveExactElements("NAME", "SCHEDULE", "TIME ZONE", "SUSPEND", "ACTIVE", "LAST RUN", "RESULT", "COMPLETED", "NEXT RUN", "AGE"))

		before := cronJob.DeepCopy()
		cronJob.Status = v1beta1.CronJobStatus{
			ActiveJobs: 1, NextScheduleTime: new(metav1.Date(2027, 1, 3, 3, 0, 0, 0, time.UTC)),
			LastRun: &v1beta1.LastRun{Name: "shown-1", CreationTime: metav1.NewTime(time.Now().Add(-90 * time.Minute)), Phase: "Running", Completed: "3/5", Failed: 1},
		}
		Expect(k8s.Status().Patch(ctx, cronJob, client.MergeFrom(before))).To(Succeed())
		Expect(cells(kubectl("get", "dscj", "shown", "--no-headers"))).To(HaveExactElements(Equal("shown"), Equal("0 3 * * 0"), Equal("Etc/UTC"), Equal("false"), Equal("1"), Equal("90m"), Equal("Running"), Equal("3/5"),
			Equal("2027-01-03T03:00:00Z"), MatchRegexp(`^\d+s$`)))
	})
})

// cells returns the cells of a line of a table that kubectl prints.
func cells(line string) []string {
	return regexp.MustCompile(` {2,}`).Split(strings.TrimSpace(line), -1)
}
