package v1beta1_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// A rule on the whole Job would be asked in each write of its status. The manager could
// then never write the status of a Job that is older than the rule. Kubernetes before 1.33
// asks the rules on a field too: theirs accept a template that has not changed.
var _ = Describe("a stored Job with a reserved name", Serial, Ordered, func() {
	ctx := context.Background()
	var stored *unstructured.Unstructured

	BeforeAll(func() {
		restore, err := wrappers.Unbound(ctx, k8s)
		Expect(err).NotTo(HaveOccurred())
		stored = manifest("stored", `template: {metadata: {labels: {job: other, daemonset.darkowlzz.space/a: b}, finalizers: [example.com/f]},
  spec: {schedulingGates: [{name: daemonset.darkowlzz.space/parallelism}], containers: [{name: daemonset-job-pause, image: i}]}}`)
		Expect(k8s.Create(ctx, stored)).To(Succeed())
		DeferCleanup(func() { Expect(k8s.Delete(ctx, stored)).To(Succeed()) })
		Expect(restore()).To(Succeed())
	})

	patch := func(text string) client.Patch { return client.RawPatch(types.MergePatchType, []byte(text)) }

	It("still gets its status, its labels and other limits", func() {
		Expect(k8s.Status().Patch(ctx, stored, patch(`{"status":{"phase":"Running","desired":3}}`))).To(Succeed())
		Expect(k8s.Patch(ctx, stored, patch(`{"metadata":{"labels":{"a":"b"}}}`))).To(Succeed())
		Expect(k8s.Patch(ctx, stored, patch(`{"spec":{"parallelism":1}}`))).To(Succeed())
	})

	It("is refused once its template changes", func() {
		Expect(k8s.Patch(ctx, stored, patch(`{"spec":{"template":{"metadata":{"labels":{"c":"d"}}}}}`))).To(MatchError(And(
			ContainSubstring("leave the labels daemonset-job, job and daemonset out"), ContainSubstring("leave finalizers out"))))
	})
})

var _ = Describe("status.phase", func() {
	It("takes the phases and no other word", func() {
		ctx, job := context.Background(), manifest("phase", short)
		Expect(k8s.Create(ctx, job)).To(Succeed())
		DeferCleanup(func() { Expect(k8s.Delete(ctx, job)).To(Succeed()) })
		set := func(phase v1beta1.JobPhase) error {
			return k8s.Status().Patch(ctx, job, client.RawPatch(types.MergePatchType, []byte(`{"status":{"phase":"`+string(phase)+`"}}`)))
		}
		for _, phase := range []v1beta1.JobPhase{v1beta1.PhasePending, v1beta1.PhaseRunning, v1beta1.PhaseSuspended, v1beta1.PhaseComplete, v1beta1.PhaseFailed} {
			Expect(set(phase)).To(Succeed())
		}
		Expect(set("Done")).To(MatchError(ContainSubstring(`supported values: "Pending", "Running", "Suspended", "Complete", "Failed"`)))
	})
})
