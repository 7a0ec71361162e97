package job_test

import (
	"encoding/json"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/jobcache"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// stored returns a Job as the API server stores it.
func stored(key client.ObjectKey) (*unstructured.Unstructured, error) {
	object := jobcache.Object()
	return object, k8s.Get(ctx, key, object)
}

// blocked returns what the condition Blocked says of a Job that cannot be decoded.
func blocked(key client.ObjectKey) func() (string, error) {
	return func() (string, error) {
		object, err := stored(key)
		if err != nil {
			return "", err
		}
		conditions, _, err := unstructured.NestedSlice(object.Object, "status", "conditions")
		for _, c := range conditions {
			if c, ok := c.(map[string]any); ok && c["type"] == v1beta1.JobBlocked {
				return fmt.Sprint(c["status"], " ", c["reason"], ": ", c["message"]), err
			}
		}
		return "", err
	}
}

func patch(key client.ObjectKey, change map[string]any, subresource ...string) {
	GinkgoHelper()
	data, err := json.Marshal(change)
	Expect(err).NotTo(HaveOccurred())
	object := jobcache.Object()
	object.SetNamespace(key.Namespace)
	object.SetName(key.Name)
	if len(subresource) > 0 {
		Expect(k8s.SubResource(subresource[0]).Patch(ctx, object, client.RawPatch(types.MergePatchType, data))).To(Succeed())
		return
	}
	Expect(k8s.Patch(ctx, object, client.RawPatch(types.MergePatchType, data))).To(Succeed())
}

var _ = Describe("a Job that cannot be decoded", Serial, func() {
	It("is blocked itself, and no other Job is", func() {
		ns := newNamespace()
		addNodes(ns, "a")
		poison := wrappers.Poison(ns, "poison")
		Expect(unstructured.SetNestedMap(poison.Object, map[string]any{"spec": map[string]any{
			"nodeSelector": map[string]any{"pool": ns},
			"containers":   []any{map[string]any{"name": v1beta1.ContainerName, "image": "example.com/work:v1"}},
		}}, "spec", "template")).To(Succeed())
		unstructured.RemoveNestedField(poison.Object, "spec", "image")
		key := client.ObjectKeyFromObject(poison)
		saysWhy := And(HavePrefix("True Undecodable: "), ContainSubstring("spec.parallelism: "), ContainSubstring("3000000000"), ContainSubstring("correct"))

		restore, err := wrappers.Unbound(ctx, k8s)
		DeferCleanup(func() { Expect(restore()).To(Succeed()) })
		Expect(err).NotTo(HaveOccurred())
		before := create(pooled(ns, "before"))
		Expect(k8s.Create(ctx, poison)).To(Succeed())
		Eventually(blocked(key)).Should(saysWhy)
		finish(ns, "before", "a")
		Eventually(status(before)).Should(phaseAnd(v1beta1.PhaseComplete, "1/1"))

		By("writing the condition once")
		first, err := stored(key)
		Expect(err).NotTo(HaveOccurred())
		Consistently(func() (string, error) {
			now, err := stored(key)
			return now.GetResourceVersion(), err
		}).Should(Equal(first.GetResourceVersion()))
		Eventually(func() ([]string, error) {
			events := &corev1.EventList{}
			err := k8s.List(ctx, events, client.InNamespace(ns), client.MatchingFields{"involvedObject.name": "poison"})
			var reasons []string
			for i := range events.Items {
				reasons = append(reasons, events.Items[i].Reason)
			}
			return reasons, err
		}).Should(ConsistOf(v1beta1.ReasonUndecodable))

		By("starting with such a Job, whose CRD has bounds by now")
		Expect(restore()).To(Succeed())
		patch(key, map[string]any{"status": map[string]any{"conditions": nil}}, "status")
		startManager()
		Eventually(blocked(key)).Should(saysWhy)
		after := create(pooled(ns, "after"))
		finish(ns, "after", "a")
		Eventually(status(after)).Should(phaseAnd(v1beta1.PhaseComplete, "1/1"))

		By("running it once it is corrected")
		patch(key, map[string]any{"spec": map[string]any{"parallelism": 3}})
		Eventually(blocked(key)).Should(HavePrefix("False NotBlocked"))
		finish(ns, "poison", "a")
		Eventually(func() (string, error) {
			object, err := stored(key)
			phase, _, _ := unstructured.NestedString(object.Object, "status", "phase")
			return phase, err
		}).Should(Equal("Complete"))
	})

	It("goes on with what it runs when it becomes one", func() {
		ns := newNamespace()
		addNodes(ns, "a")
		j := create(pooled(ns, "j"))
		Eventually(status(j)).Should(And(phaseAnd(v1beta1.PhaseRunning, "0/1"), HaveField("Active", int32(1))))
		restore, err := wrappers.Unbound(ctx, k8s)
		DeferCleanup(func() { Expect(restore()).To(Succeed()) })
		Expect(err).NotTo(HaveOccurred())
		patch(client.ObjectKeyFromObject(j), map[string]any{"spec": map[string]any{"backoffLimit": 3000000000}})
		Eventually(blocked(client.ObjectKeyFromObject(j))).Should(ContainSubstring("spec.backoffLimit: "))
		Consistently(func() error {
			_, err := podOn(ns, "j", "a")
			return err
		}).WithTimeout(500 * time.Millisecond).Should(Succeed())
		finish(ns, "j", "a")
		patch(client.ObjectKeyFromObject(j), map[string]any{"spec": map[string]any{"backoffLimit": 3}})
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseComplete, "1/1"))
	})
})
