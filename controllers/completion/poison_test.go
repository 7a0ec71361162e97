package completion_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/controllers/completion"
	"github.com/darkowlzz/daemonset-job/internal/jobcache"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// finishPoison sets the condition Complete of a Job that cannot be decoded.
func finishPoison(poison *unstructured.Unstructured) {
	GinkgoHelper()
	Expect(unstructured.SetNestedSlice(poison.Object, []any{map[string]any{
		"type": v1beta1.JobComplete, "status": string(metav1.ConditionTrue), "reason": "Test", "message": "",
		"lastTransitionTime": time.Now().UTC().Format(time.RFC3339),
	}}, "status", "conditions")).To(Succeed())
	Expect(k8s.Status().Update(ctx, poison)).To(Succeed())
}

var _ = Describe("a Job that cannot be decoded", Serial, func() {
	It("keeps no other Job from being marked and deleted", func() {
		ns := newNamespace()
		restore, err := wrappers.Unbound(ctx, k8s)
		DeferCleanup(func() { Expect(restore()).To(Succeed()) })
		Expect(err).NotTo(HaveOccurred())
		poison, work := wrappers.Poison(ns, "poison"), wrappers.Job(ns, "work").Obj()
		Expect(k8s.Create(ctx, poison)).To(Succeed())
		Expect(k8s.Create(ctx, work)).To(Succeed())
		gone := func(name string) func() bool {
			return func() bool {
				return apierrors.IsNotFound(k8s.Get(ctx, client.ObjectKey{Namespace: ns, Name: name}, jobcache.Object()))
			}
		}

		By("starting with it")
		options := completion.Options{Word: "done", MaxLogStreams: 10}
		startTerminator(options)
		pod := running(work, "pod")
		kubelet.log(ns, "pod").say("done")
		Eventually(completed(pod)).Should(BeTrue())
		finish(work, v1beta1.JobComplete, 0)
		Eventually(gone("work")).Should(BeTrue())

		By("getting another one")
		another := wrappers.Poison(ns, "another")
		Expect(k8s.Create(ctx, another)).To(Succeed())
		finishPoison(another)
		later := wrappers.Job(ns, "later").Obj()
		Expect(k8s.Create(ctx, later)).To(Succeed())
		finish(later, v1beta1.JobComplete, 0)
		Eventually(gone("later")).Should(BeTrue())
		Consistently(gone("another")).Should(BeFalse(), "nothing is known of it")

		By("deleting it once it is corrected")
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(another), another)).To(Succeed())
		Expect(unstructured.SetNestedField(another.Object, int64(3), "spec", "parallelism")).To(Succeed())
		Expect(k8s.Update(ctx, another)).To(Succeed())
		Expect(unstructured.SetNestedField(another.Object, another.GetGeneration(), "status", "observedGeneration")).To(Succeed())
		Expect(k8s.Status().Update(ctx, another)).To(Succeed())
		Eventually(gone("another")).Should(BeTrue(), "the manager has observed that what runs is the same")
	})

	It("has its pods marked as the others", func() {
		ns := newNamespace()
		restore, err := wrappers.Unbound(ctx, k8s)
		DeferCleanup(func() { Expect(restore()).To(Succeed()) })
		Expect(err).NotTo(HaveOccurred())
		Expect(k8s.Create(ctx, wrappers.Poison(ns, "poison"))).To(Succeed())
		startTerminator(completion.Options{Word: "done", MaxLogStreams: 10})
		pod := running(wrappers.Job(ns, "poison").Obj(), "pod")
		kubelet.log(ns, "pod").say("done")
		Eventually(completed(pod)).Should(BeTrue())
	})

	It("has its pods marked once its word is corrected, and by no other word", func() {
		ns := newNamespace()
		restore, err := wrappers.Unbound(ctx, k8s)
		DeferCleanup(func() { Expect(restore()).To(Succeed()) })
		Expect(err).NotTo(HaveOccurred())
		poison := wrappers.Poison(ns, "poison")
		Expect(unstructured.SetNestedField(poison.Object, int64(5), "spec", "terminationWord")).To(Succeed())
		Expect(k8s.Create(ctx, poison)).To(Succeed())
		startTerminator(completion.Options{Word: "done", MaxLogStreams: 10})
		pod := running(wrappers.Job(ns, "poison").Obj(), "pod")
		kubelet.log(ns, "pod").say("done and ready")
		Consistently(completed(pod)).Should(BeFalse())
		Expect(unstructured.SetNestedField(poison.Object, "ready", "spec", "terminationWord")).To(Succeed())
		Expect(k8s.Update(ctx, poison)).To(Succeed())
		Eventually(completed(pod)).Should(BeTrue())
	})
})
