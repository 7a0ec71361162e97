package v1beta1_test

import (
	"context"
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

const daily = "schedule: '@daily'\n"

// cronManifest is a CronJob of that name, with this spec.
func cronManifest(name, spec string) *unstructured.Unstructured {
	GinkgoHelper()
	object := manifest(name, spec)
	object.SetKind("CronJob")
	return object
}

// cron is a spec with this jobTemplate.
func cron(jobTemplate string) string { return daily + "jobTemplate: {" + jobTemplate + "}\n" }

var cronShort = cron("spec: {image: busybox}")

var _ = Describe("a CronJob's manifest", func() {
	DescribeTable("is accepted", func(spec string) {
		Expect(apply(cronManifest("cron", spec))).To(Succeed())
	},
		Entry("with schedule and image alone", cronShort),
		Entry("with every field", `{schedule: "*/5 0-3,22 ? * MON", timeZone: Europe/Berlin, startingDeadlineSeconds: 3600, concurrencyPolicy: Replace, suspend: true,
			successfulJobsHistoryLimit: 0, failedJobsHistoryLimit: 0, jobTemplate: {metadata: {labels: {a: b}, annotations: {c: d}}, spec: {image: i}}}`),
		Entry("with a schedule that never fires: the status says so", "schedule: 0 0 30 2 *\njobTemplate: {spec: {image: i}}"),
		Entry("with the longest schedule", "schedule: "+strings.Repeat("1,", 507)+"11 * * * *\njobTemplate: {spec: {image: i}}"),
		Entry("with the longest time zone", cronShort+"timeZone: "+strings.Repeat("z", 128)),
		Entry("with a deadline of 0", cronShort+"startingDeadlineSeconds: 0"),
		Entry("with the longest deadline", cronShort+"startingDeadlineSeconds: 2147483647"),
		Entry("with Allow", cronShort+"concurrencyPolicy: Allow"),
		Entry("with a Job that has an end", cron("spec: {image: i, completionPolicy: AllNodes}")),
		Entry("with a Job that is not suspended", cron("spec: {image: i, suspend: false}")),
		Entry("with a Job in the long form", cron("spec: {template: {spec: {containers: [{name: c, image: i}]}}}")),
		Entry("with labels that resemble ours", cron("metadata: {labels: {daemonset-job: a, my.daemonset.darkowlzz.space/a: b}}, spec: {image: i}")),
		Entry("with empty labels", cron("metadata: {labels: {}, annotations: {}}, spec: {image: i}")),
	)

	DescribeTable("is refused with a sentence that says what to do", func(spec, sentence string) {
		Expect(apply(cronManifest("cron", spec))).To(MatchError(ContainSubstring(sentence)))
	},
		Entry("without a schedule", "jobTemplate: {spec: {image: i}}", "spec.schedule: Required value"),
		Entry("without a jobTemplate", daily, "spec.jobTemplate: Required value"),
		Entry("without the Job's spec", cron("metadata: {}"), "spec.jobTemplate.spec: Required value"),
		Entry("with an empty schedule", "schedule: ''\njobTemplate: {spec: {image: i}}", "spec.schedule"),
		Entry("with a schedule that is too long", "schedule: '"+strings.Repeat("*", 1025)+"'\njobTemplate: {spec: {image: i}}", "1024"),
		Entry("with an empty time zone", cronShort+"timeZone: ''", "spec.timeZone"),
		Entry("with a time zone that is too long", cronShort+"timeZone: "+strings.Repeat("z", 129), "128"),
		Entry("with an unknown policy", cronShort+"concurrencyPolicy: Never", `supported values: "Forbid", "Allow", "Replace"`),
		Entry("with a negative deadline", cronShort+"startingDeadlineSeconds: -1", "greater than or equal to 0"),
		Entry("with a deadline that overflows", cronShort+"startingDeadlineSeconds: 9223372037", "less than or equal to 2147483647"),
		Entry("with a negative limit of successful Jobs", cronShort+"successfulJobsHistoryLimit: -1", "greater than or equal to 0"),
		Entry("with a negative limit of failed Jobs", cronShort+"failedJobsHistoryLimit: -1", "greater than or equal to 0"),
		Entry("with a limit that Go cannot hold", cronShort+"failedJobsHistoryLimit: 3000000000", "less than or equal to 2147483647"),
		Entry("with a typo in the spec", cronShort+"timezone: Etc/UTC", `unknown field "spec.timezone"`),
		Entry("with a typo in the Job", cron("spec: {image: i, mountpath: /tmp}"), `unknown field "spec.jobTemplate.spec.mountpath"`),
		Entry("with a TTL", cron("spec: {image: i, ttlSecondsAfterFinished: 5}"), "leave spec.ttlSecondsAfterFinished out of jobTemplate: the CronJob deletes its Jobs by successfulJobsHistoryLimit and failedJobsHistoryLimit"),
		Entry("with a TTL of 0", cron("spec: {image: i, ttlSecondsAfterFinished: 0}"), "leave spec.ttlSecondsAfterFinished out of jobTemplate"),
		Entry("with a Job without an end", cron("spec: {image: i, completionPolicy: Never}"), "leave spec.completionPolicy out of jobTemplate, or set it to AllNodes: a run has an end"),
		Entry("with a suspended Job", cron("spec: {image: i, suspend: true}"), "leave spec.suspend out of jobTemplate: to start no run, set suspend of the CronJob"),
		Entry("with our label", cron("metadata: {labels: {a: b, "+v1beta1.LabelCronJob+": c}}, spec: {image: i}"),
			"leave labels and annotations that begin with daemonset.darkowlzz.space/ out of jobTemplate.metadata: the operator sets them"),
		Entry("with our annotation", cron("metadata: {annotations: {"+v1beta1.AnnotationScheduledTime+": '2026-01-02T03:04:05Z'}}, spec: {image: i}"),
			"leave labels and annotations that begin with daemonset.darkowlzz.space/ out of jobTemplate.metadata: the operator sets them"),
		Entry("with an annotation that resumes", cron("metadata: {labels: {a: b}, annotations: {"+v1beta1.AnnotationResume+": '1'}}, spec: {image: i}"),
			"leave labels and annotations that begin with daemonset.darkowlzz.space/ out of jobTemplate.metadata"),
		Entry("with a Job that is refused by itself", cron("spec: {args: [a]}"), "set exactly one of image"),
		Entry("with a Job's limit that is refused by itself", cron("spec: {image: i, parallelism: 0}"), "to start no node, set suspend"),
	)

	// A suspended Job that is edited, or a policy without an end, must not come in later.
	It("is refused as an update too", func() {
		ctx, stored := context.Background(), cronManifest("stored-cron", cronShort)
		Expect(k8s.Create(ctx, stored)).To(Succeed())
		DeferCleanup(func() { Expect(k8s.Delete(ctx, stored)).To(Succeed()) })
		for patch, sentence := range map[string]string{
			`{"spec":{"jobTemplate":{"spec":{"ttlSecondsAfterFinished":1}}}}`:                                       "ttlSecondsAfterFinished out",
			`{"spec":{"jobTemplate":{"spec":{"completionPolicy":"Never"}}}}`:                                        "completionPolicy out",
			`{"spec":{"jobTemplate":{"spec":{"suspend":true}}}}`:                                                    "suspend out",
			`{"spec":{"jobTemplate":{"metadata":{"labels":{"` + v1beta1.LabelCronJob + `":"a"}}}}}`:                 "leave labels and annotations",
			`{"spec":{"jobTemplate":{"metadata":{"annotations":{"` + v1beta1.AnnotationScheduledTime + `":"a"}}}}}`: "leave labels and annotations",
			`{"spec":{"schedule":""}}`: "spec.schedule",
		} {
			err := k8s.Patch(ctx, stored.DeepCopy(), client.RawPatch(types.MergePatchType, []byte(patch)))
			Expect(err).To(MatchError(ContainSubstring(sentence)), patch)
		}
	})

	It("has a name that leaves room for the minutes in the Jobs' names", func() {
		Expect(apply(cronManifest(strings.Repeat("a", v1beta1.MaxCronJobNameLength), cronShort))).To(Succeed())
		err := apply(cronManifest(strings.Repeat("a", v1beta1.MaxCronJobNameLength+1), cronShort))
		Expect(err).To(MatchError(ContainSubstring(fmt.Sprintf("metadata.name must have at most %d characters: the Jobs are named <name>-<minutes since 1970>", v1beta1.MaxCronJobNameLength))))
		Expect(v1beta1.MaxCronJobNameLength).To(Equal(40))
	})

	It("shows its defaults", func() {
		object := cronManifest("cron", cronShort)
		Expect(apply(object)).To(Succeed())
		Expect(object.Object["spec"]).To(Equal(map[string]any{
			"schedule": "@daily", "timeZone": "Etc/UTC", "concurrencyPolicy": "Forbid", "suspend": false, "successfulJobsHistoryLimit": int64(3), "failedJobsHistoryLimit": int64(1),
			"jobTemplate": map[string]any{"spec": map[string]any{
				"image": "busybox", "completionMode": "Log", "backoffLimit": int64(6), "onFailure": "Fail", "completionPolicy": "AllNodes", "completedPods": "Keep",
			}},
		}))
		Expect(object.Object["status"]).To(Equal(map[string]any{"observedGeneration": int64(-1)}))
	})

	It("keeps the labels and annotations of its Jobs", func() {
		object := cronManifest("cron", cron("metadata: {labels: {a: b}, annotations: {c: d}}, spec: {image: i}"))
		Expect(apply(object)).To(Succeed())
		kept, _, err := unstructured.NestedMap(object.Object, "spec", "jobTemplate", "metadata")
		Expect(err).NotTo(HaveOccurred())
		Expect(kept).To(Equal(map[string]any{"labels": map[string]any{"a": "b"}, "annotations": map[string]any{"c": "d"}}))
	})
})
