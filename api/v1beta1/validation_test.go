package v1beta1_test

import (
	"context"
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// manifest is a Job of that name with the spec that is given as YAML.
func manifest(name, spec string) *unstructured.Unstructured {
	GinkgoHelper()
	job := &unstructured.Unstructured{}
	job.SetGroupVersionKind(v1beta1.GroupVersion.WithKind("Job"))
	job.SetName(name)
	job.SetNamespace("default")
	content := map[string]any{}
	Expect(yaml.Unmarshal([]byte(spec), &content)).To(Succeed())
	job.Object["spec"] = content
	return job
}

// apply sends a manifest as kubectl does, and stores nothing.
func apply(job *unstructured.Unstructured) error {
	return k8s.Create(context.Background(), job, client.DryRunAll, client.FieldValidation("Strict"))
}

const short = "image: busybox\n"

func withMetadata(metadata string) string {
	return "template: {metadata: {" + metadata + "}, spec: {containers: [{name: c, image: i}]}}"
}

func template(pod string) string {
	return "template: {spec: {containers: [{name: c, image: busybox}]" + pod + "}}"
}

var _ = Describe("a manifest", func() {
	DescribeTable("is accepted", func(spec string) {
		Expect(apply(manifest("job", spec))).To(Succeed())
	},
		Entry("with an image alone", short),
		Entry("with the three original fields", short+"args: [/basetarget/foo]\nmountPath: /tmp"),
		Entry("with an image by digest", "image: registry.example:5000/a/b:v1@sha256:0123456789abcdef"),
		Entry("with the root as mountPath", short+"mountPath: /"),
		Entry("with two dots within a name", short+"mountPath: /data/a..b/..c/d.."),
		Entry("with command and env", short+"command: [sh, -c]\nenv: [{name: A, value: b}, {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]"),
		Entry("with a node selector", short+"nodeSelector: {pool: gpu, node-role.kubernetes.io/control-plane: ''}"),
		Entry("with tolerations", short+"tolerations: [{operator: Exists}, {key: pool, value: gpu, effect: NoExecute, tolerationSeconds: 60}]"),
		Entry("with a selection of nothing", short+"nodeSelector: {}\ntolerations: []"),
		Entry("with a template", template("")),
		Entry("with a template's restartPolicy as it must be", template(", restartPolicy: Always")),
		Entry("with a sidecar", template(", initContainers: [{name: s, image: i, restartPolicy: Always}]")),
		Entry("with quantities in each form", template(", volumes: [{name: v, emptyDir: {sizeLimit: 1.5Gi}}], overhead: {cpu: 1500m, memory: 64, a: '1e3', b: '2E-1', c: '0.5', d: .5Ki, e: '9223372036854775807'}")),
		Entry("with the longest deadline", short+"activeDeadlineSeconds: 2147483647"),
		Entry("with the largest numbers", short+"parallelism: 2147483647\nmaxFailedNodes: 2147483647"),
		Entry("with a template's labels", withMetadata("labels: {a: b}, annotations: {c: d}")),
		Entry("with labels that resemble ours", withMetadata("labels: {jobs: b, example.com/job: b, daemonset.darkowlzz: b, my.daemonset.darkowlzz.space/a: b}")),
		Entry("with an empty list of finalizers", withMetadata("finalizers: []")),
		Entry("with gates of others", template(", schedulingGates: [{name: example.com/g}], readinessGates: [{conditionType: example.com/r}]")),
		Entry("with the container whose log is followed", "template: {spec: {containers: [{name: job-container, image: i}]}}"),
		Entry("with a parallelism of 1", short+"parallelism: 1"),
		Entry("with a parallelism of 1%", short+"parallelism: 1%"),
		Entry("with a parallelism of 100%", short+"parallelism: 100%"),
		Entry("with maxFailedNodes 0", short+"maxFailedNodes: 0"),
		Entry("with maxFailedNodes 0%", short+"maxFailedNodes: 0%"),
		Entry("with maxFailedNodes 99%", short+"maxFailedNodes: 99%"),
		Entry("with a backoffLimit of 0", short+"backoffLimit: 0"),
		Entry("with a deadline of a second", short+"activeDeadlineSeconds: 1"),
		Entry("with a TTL of 0", short+"ttlSecondsAfterFinished: 0"),
		Entry("with a word of several", short+"terminationWord: all is done"),
		Entry("with a word outside ASCII", short+"terminationWord: fertig ✓"),
		Entry("with the longest word", short+"terminationWord: "+strings.Repeat("w", 256)),
		Entry("with the other modes", short+"completionMode: Exit\ncompletionPolicy: Never\nonFailure: Suspend\nsuspend: true"),
	)

	DescribeTable("is refused with a sentence that says what to do", func(spec, sentence string) {
		Expect(apply(manifest("job", spec))).To(MatchError(ContainSubstring(sentence)))
	},
		Entry("without an image", "args: [a]", "set exactly one of image"),
		Entry("with an empty image", `image: ""`, "spec.image"),
		Entry("with image and template", short+template(""), "set exactly one of image"),
		Entry("with an image with a space", `image: "a b"`, "without spaces"),
		Entry("with template and args", template("")+"\nargs: [a]", "belong to the short form"),
		Entry("with template and command", template("")+"\ncommand: [a]", "belong to the short form"),
		Entry("with template and env", template("")+"\nenv: [{name: A}]", "belong to the short form"),
		Entry("with template and mountPath", template("")+"\nmountPath: /tmp", "belong to the short form"),
		Entry("with template and nodeSelector", template("")+"\nnodeSelector: {a: b}", "with template, set them in its containers, volumes and spec"),
		Entry("with template and tolerations", template("")+"\ntolerations: [{operator: Exists}]", "with template, set them in its containers, volumes and spec"),
		Entry("with a node selector of no text", short+"nodeSelector: {a: 1}", "spec.nodeSelector.a"),
		Entry("with a typo in a toleration", short+"tolerations: [{operater: Exists}]", `unknown field "spec.tolerations[0].operater"`),
		Entry("with a template that does not restart", template(", restartPolicy: Never"), "leave template.spec.restartPolicy out"),
		Entry("with a template's own deadline", template(", activeDeadlineSeconds: 5"), "set spec.activeDeadlineSeconds of the Job instead"),
		Entry("with a container that does not restart", "template: {spec: {containers: [{name: c, image: i, restartPolicy: Never}]}}", "leave restartPolicy and restartPolicyRules out"),
		Entry("with a container that says it restarts", "template: {spec: {containers: [{name: c, image: i, restartPolicy: Always}]}}", "leave restartPolicy and restartPolicyRules out"),
		Entry("with a container's rules", "template: {spec: {containers: [{name: c, image: i, restartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: [1]}}]}]}}",
			"leave restartPolicy and restartPolicyRules out"),
		Entry("with an init container that does not restart", template(", initContainers: [{name: s, image: i, restartPolicy: OnFailure}]"), "can only be Always"),
		Entry("with an init container's rules", template(", initContainers: [{name: s, image: i, restartPolicy: Always, restartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: [1]}}]}]"),
			"leave restartPolicyRules out"),
		Entry("with a parallelism that Go cannot hold", short+"parallelism: 3000000000", "less than or equal to 2147483647"),
		Entry("with maxFailedNodes that Go cannot hold", short+"maxFailedNodes: 3000000000", "less than or equal to 2147483647"),
		Entry("with a port that Go cannot hold", "template: {spec: {containers: [{name: c, image: i, livenessProbe: {tcpSocket: {port: 3000000000}}}]}}", "less than or equal to 2147483647"),
		Entry("with a quantity that Go cannot parse", "template: {spec: {containers: [{name: c, image: i, resources: {limits: {cpu: '1e1.5'}}}]}}", "limits.cpu"),
		Entry("with a quantity of too many digits", "template: {spec: {containers: [{name: c, image: i, resources: {limits: {cpu: '1e1000000000'}}}]}}", "limits.cpu"),
		Entry("with a deadline that overflows", short+"activeDeadlineSeconds: 9223372037", "less than or equal to 2147483647"),
		Entry("with a typo in the template", template(", hostNetwrok: true"), `unknown field "spec.template.spec.hostNetwrok"`),
		Entry("with a typo in the spec", short+"mountpath: /tmp", `unknown field "spec.mountpath"`),
		Entry("with a relative mountPath", short+"mountPath: tmp", "start it with /"),
		Entry("with an empty mountPath", short+`mountPath: ""`, "spec.mountPath"),
		Entry("with .. in the middle", short+"mountPath: /tmp/../etc", "must not contain '..'"),
		Entry("with .. at the end", short+"mountPath: /tmp/..", "must not contain '..'"),
		Entry("with a parallelism of 0", short+"parallelism: 0", "to start no node, set suspend"),
		Entry("with a negative parallelism", short+"parallelism: -1", "number of at least 1"),
		Entry("with a parallelism of 0%", short+"parallelism: 0%", "number of at least 1 or a percentage from 1% to 100%"),
		Entry("with a parallelism of 101%", short+"parallelism: 101%", "percentage from 1% to 100%"),
		Entry("with a parallelism of 010%", short+"parallelism: 010%", "percentage from 1% to 100%"),
		Entry("with a parallelism in a string", short+`parallelism: "5"`, "percentage from 1% to 100%"),
		Entry("with negative maxFailedNodes", short+"maxFailedNodes: -1", "number of at least 0"),
		Entry("with maxFailedNodes in words", short+"maxFailedNodes: some", "percentage from 0% to 100%"),
		Entry("with a negative backoffLimit", short+"backoffLimit: -1", "greater than or equal to 0"),
		Entry("with a deadline of 0", short+"activeDeadlineSeconds: 0", "greater than or equal to 1"),
		Entry("with a negative TTL", short+"ttlSecondsAfterFinished: -1", "greater than or equal to 0"),
		Entry("with a deadline and no end", short+"activeDeadlineSeconds: 5\ncompletionPolicy: Never", "has no end and so no deadline"),
		Entry("with a word of two lines", short+`terminationWord: "a\nb"`, "found within a line"),
		Entry("with a word that ends in a space", short+`terminationWord: "done "`, "found within a line"),
		Entry("with an empty word", short+`terminationWord: ""`, "spec.terminationWord"),
		Entry("with a word that is too long", short+"terminationWord: "+strings.Repeat("w", 257), "256"),
		Entry("with a word where none is looked for", short+"completionMode: Exit\nterminationWord: done", "leave it out with Exit"),
		Entry("with an unknown mode", short+"completionMode: exit", `supported values: "Log", "Exit"`),
		Entry("with an unknown policy", short+"completionPolicy: Always", `supported values: "AllNodes", "Never"`),
		Entry("with an unknown action", short+"onFailure: Retry", `supported values: "Fail", "Suspend"`),
		Entry("with a variable twice", short+"env: [{name: A}, {name: A}]", "Duplicate value"),
		Entry("with our label for all pods", withMetadata("labels: {"+v1beta1.LabelDaemonSetJob+": 'true'}"), "leave the labels daemonset-job, job and daemonset out"),
		Entry("with our label for the Job", withMetadata("labels: {"+v1beta1.LabelJob+": other}"), "leave the labels daemonset-job, job and daemonset out"),
		Entry("with our label for the DaemonSet", withMetadata("labels: {"+v1beta1.LabelDaemonSet+": other}"), "leave the labels daemonset-job, job and daemonset out"),
		Entry("with a template hash", withMetadata("labels: {"+v1beta1.LabelTemplateHash+": a}"), "leave labels that begin with"),
		Entry("with a mode as a label", withMetadata("labels: {a: b, "+v1beta1.LabelCompletionMode+": Exit}"), "leave labels that begin with"),
		Entry("with our annotation", withMetadata("annotations: {"+v1beta1.AnnotationUngatedAt+": '2026-01-02T03:04:05Z'}"), "leave annotations that begin with"),
		Entry("with a pod finalizer", withMetadata("finalizers: [example.com/f]"), "leave finalizers out of template.metadata"),
		Entry("with our scheduling gate", template(", schedulingGates: [{name: a}, {name: "+v1beta1.SchedulingGate+"}]"), "leave schedulingGates and readinessGates that begin with"),
		Entry("with our readiness gate", template(", readinessGates: [{conditionType: a}, {conditionType: "+v1beta1.PodCompleted+"}]"), "leave schedulingGates and readinessGates that begin with"),
		Entry("with the pause container's name", "template: {spec: {containers: [{name: c, image: i}, {name: "+v1beta1.PauseContainerName+", image: i}]}}", "give the container daemonset-job-pause of the template another name"),
		Entry("with an init container of that name", template(", initContainers: [{name: "+v1beta1.PauseContainerName+", image: i}]"), "give the container daemonset-job-pause of the template another name"),
	)

	It("is refused without a spec", func() {
		job := manifest("job", short)
		delete(job.Object, "spec")
		Expect(apply(job)).To(MatchError(ContainSubstring("spec: Required value")))
	})

	It("has a name that fits into the labels", func() {
		Expect(apply(manifest(strings.Repeat("a", v1beta1.MaxNameLength), short))).To(Succeed())
		err := apply(manifest(strings.Repeat("a", v1beta1.MaxNameLength+1), short))
		Expect(err).To(MatchError(ContainSubstring(fmt.Sprintf("at most %d characters", v1beta1.MaxNameLength))))
	})

	It("shows its defaults", func() {
		job := manifest("job", short)
		Expect(apply(job)).To(Succeed())
		Expect(job.Object["spec"]).To(Equal(map[string]any{
			"image": "busybox", "completionMode": "Log", "backoffLimit": int64(6), "onFailure": "Fail", "completionPolicy": "AllNodes", "completedPods": "Keep",
		}))
	})

	It("keeps the labels and annotations of its template", func() {
		job := manifest("job", "template: {metadata: {labels: {a: b}, annotations: {c: d}}, spec: {containers: [{name: c, image: i}]}}")
		Expect(apply(job)).To(Succeed())
		kept, _, err := unstructured.NestedMap(job.Object, "spec", "template", "metadata")
		Expect(err).NotTo(HaveOccurred())
		Expect(kept).To(Equal(map[string]any{"labels": map[string]any{"a": "b"}, "annotations": map[string]any{"c": "d"}}))
	})
})
