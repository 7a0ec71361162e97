package cronjob_test

import (
	"encoding/json"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// poison is an hourly CronJob that Go cannot decode. The API server stores it only without the
// CRD's bounds.
func poison(ns, name string, field string, value any) *unstructured.Unstructured {
	object := &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"namespace": ns, "name": name},
		"spec": map[string]any{
			"schedule": "0 * * * *", "jobTemplate": map[string]any{"spec": map[string]any{"image": "example.com/work:v1"}}, field: value,
		},
	}}
	object.SetGroupVersionKind(v1beta1.GroupVersion.WithKind("CronJob"))
	return object
}

// unbind replaces the schema of a CronJob's spec by one that takes anything, as in a cluster
// whose CRD is older, until the test ends.
func unbind() {
	GinkgoHelper()
	crd := &unstructured.Unstructured{}
	crd.SetAPIVersion("apiextensions.k8s.io/v1")
	crd.SetKind("CustomResourceDefinition")
	Expect(k8s.Get(ctx, client.ObjectKey{Name: "cronjobs." + v1beta1.GroupVersion.Group}, crd)).To(Succeed())
	versions, _, err := unstructured.NestedSlice(crd.Object, "spec", "versions")
	Expect(err).NotTo(HaveOccurred())
	bounded, _, err := unstructured.NestedMap(versions[0].(map[string]any), "schema", "openAPIV3Schema", "properties", "spec")
	Expect(err).NotTo(HaveOccurred())
	replace := func(schema map[string]any, refused bool) {
		GinkgoHelper()
		patch, err := json.Marshal([]map[string]any{{"op": "replace", "path": "/spec/versions/0/schema/openAPIV3Schema/properties/spec", "value": schema}})
		Expect(err).NotTo(HaveOccurred())
		Expect(k8s.Patch(ctx, crd.DeepCopy(), client.RawPatch(types.JSONPatchType, patch))).To(Succeed())
		Eventually(func() bool {
			return apierrors.IsInvalid(k8s.Create(ctx, poison("default", "probe", "failedJobsHistoryLimit", int64(3e9)), client.DryRunAll))
		}).Should(Equal(refused))
	}
	DeferCleanup(func() { replace(bounded, true) })
	replace(map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}, false)
}

var _ = Describe("an undecodable object", Serial, func() {
	It("is a CronJob that says so, and stops no other", func() {
		unbind()
		w := newWorld()
		bad := poison(w.ns, "bad", "failedJobsHistoryLimit", int64(3e9))
		Expect(k8s.Create(ctx, bad)).To(Succeed())
		o := w.start()
		worse := poison(w.ns, "worse", "schedule", map[string]any{})
		Expect(k8s.Create(ctx, worse)).To(Succeed())
		good := w.create(hourly(w.ns, "good"))
		first := w.observed(good)
		conditionOf := func(object client.Object, conditionType string) func() (map[string]any, error) {
			return func() (map[string]any, error) {
				now := poison("", "", "", nil)
				if err := k8s.Get(ctx, client.ObjectKeyFromObject(object), now); err != nil {
					return nil, err
				}
				all, _, err := unstructured.NestedSlice(now.Object, "status", "conditions")
				for _, one := range all {
					if found := one.(map[string]any); found["type"] == conditionType {
						return found, err
					}
				}
				return nil, err
			}
		}
		for object, field := range map[*unstructured.Unstructured]string{bad: "spec.failedJobsHistoryLimit", worse: "spec.schedule"} {
			for conditionType, status := range map[string]string{v1beta1.CronJobStalled: "True", v1beta1.CronJobReady: "False"} {
				Eventually(conditionOf(object, conditionType)).Should(And(HaveKeyWithValue("status", status), HaveKeyWithValue("reason", "Undecodable"),
					HaveKeyWithValue("message", ContainSubstring(field)), HaveKeyWithValue("observedGeneration", int64(1))))
			}
		}
		w.setTime(first)
		job(good, first)
		w.settle()
		Expect(w.runs()).To(Equal(names(good, first)))
		Expect(w.eventsOf("Undecodable")).To(HaveLen(2))
		writes := len(o.wire.sent(""))
		for range 100 {
			for _, object := range []client.Object{bad, worse} {
				_, err := o.reconciler.Reconcile(ctx, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(object)})
				Expect(err).NotTo(HaveOccurred())
			}
		}
		Expect(o.wire.sent("")[writes:]).To(BeEmpty())

		By("being corrected")
		Expect(k8s.Patch(ctx, bad, client.RawPatch(types.MergePatchType, []byte(`{"spec":{"failedJobsHistoryLimit":1}}`)))).To(Succeed())
		corrected := hourly(w.ns, "bad")
		Eventually(condition(corrected, v1beta1.CronJobStalled)).Should(BeEmpty())
		job(corrected, first)
	})

	It("is a Job that the API server refuses", func() {
		unbind()
		w := newWorld()
		w.start()
		c := w.create(hourly(w.ns, "c"))
		first := w.observed(c)
		Expect(k8s.Patch(ctx, c, client.RawPatch(types.MergePatchType, []byte(`{"spec":{"jobTemplate":{"spec":{"parallelism":0}}}}`)))).To(Succeed())
		w.setTime(first)
		Eventually(condition(c, v1beta1.CronJobStalled)).Should(Equal("True JobRefused"))
		Expect(message(c, v1beta1.CronJobStalled)).To(ContainSubstring("to start no node, set suspend"))
		w.settle()
		Expect(w.attempts()).To(Equal(1))
		Expect(k8s.Patch(ctx, c, client.RawPatch(types.MergePatchType, []byte(`{"spec":{"jobTemplate":{"spec":{"parallelism":1}}}}`)))).To(Succeed())
		job(c, first)
		Eventually(condition(c, v1beta1.CronJobStalled)).Should(BeEmpty())
	})

	It("is a child, which counts as active", func() {
		restore, err := wrappers.Unbound(ctx, k8s)
		DeferCleanup(func() { Expect(restore()).To(Succeed()) })
		Expect(err).NotTo(HaveOccurred())
		w := newWorld()
		o := w.start()
		c := w.create(hourly(w.ns, "c"))
		first := w.observed(c)
		child := wrappers.Poison(w.ns, "c-manual-abcde")
		child.SetOwnerReferences([]metav1.OwnerReference{*metav1.NewControllerRef(c, v1beta1.GroupVersion.WithKind("CronJob"))})
		Expect(k8s.Create(ctx, child)).To(Succeed())
		Eventually(statusOf(c)).Should(And(HaveField("ActiveJobs", int32(1)), HaveField("Active", ConsistOf(HaveField("UID", child.GetUID())))))
		w.setTime(first)
		Eventually(condition(c, v1beta1.CronJobReady)).Should(Equal(waiting))
		Expect(message(c, v1beta1.CronJobReady)).To(ContainSubstring(child.GetName()))
		w.step(10 * time.Minute)
		w.settle()
		Expect(w.runs()).To(BeEmpty())
		Expect(o.wire.sent("DELETE")).To(BeEmpty())
		Expect(k8s.Delete(ctx, child)).To(Succeed())
		job(c, first)
	})
})
