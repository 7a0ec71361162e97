package jobcache

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// patchOf returns the patch that says that a Job is blocked because of this error.
func patchOf(stored *unstructured.Unstructured, why string, now time.Time) ([]byte, error) {
	e := &UndecodableError{Object: stored, Field: "spec.args", Err: errors.New(why)}
	return e.ConditionsPatch(now, map[string]metav1.ConditionStatus{v1beta1.JobBlocked: metav1.ConditionTrue})
}

// patched returns the object with the patch merged into it, as the API server does.
func patched(g *WithT, object *unstructured.Unstructured, patch []byte) *unstructured.Unstructured {
	object = object.DeepCopy()
	var change struct {
		Status map[string]any `json:"status"`
	}
	g.Expect(json.Unmarshal(patch, &change)).To(Succeed())
	for key, value := range change.Status {
		g.Expect(unstructured.SetNestedField(object.Object, value, "status", key)).To(Succeed())
	}
	data, err := object.MarshalJSON()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(object.UnmarshalJSON(data)).To(Succeed())
	return object
}

func TestConditionsPatch(t *testing.T) {
	g, start := NewWithT(t), time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3600))
	stored := wrappers.Poison("ns", "j")
	stored.SetUID("u")
	stored.SetGeneration(7)
	stored.SetResourceVersion("3")
	failed := map[string]any{"type": v1beta1.JobFailed, "status": "True", "unknown": "kept"}
	notBlocked := map[string]any{"type": v1beta1.JobBlocked, "status": "False", "reason": "NotBlocked", "lastTransitionTime": "2025-01-01T00:00:00Z"}
	g.Expect(unstructured.SetNestedField(stored.Object, "Running", "status", "phase")).To(Succeed())
	g.Expect(unstructured.SetNestedSlice(stored.Object, []any{failed, notBlocked}, "status", "conditions")).To(Succeed())
	before := stored.DeepCopy()

	patch, err := patchOf(stored, "why", start)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(stored).To(Equal(before), "it is shared with the informer cache")
	g.Expect(string(patch)).To(And(ContainSubstring(`"uid":"u"`), ContainSubstring(`"resourceVersion":"3"`)))
	now := patched(g, stored, patch)
	g.Expect(now.Object["status"]).To(Equal(map[string]any{"phase": "Running", "conditions": []any{failed, map[string]any{
		"type": v1beta1.JobBlocked, "status": "True", "reason": v1beta1.ReasonUndecodable, "message": "the manager cannot decode spec.args: why; correct it in the Job: what runs stays as it is until then",
		"observedGeneration": int64(7), "lastTransitionTime": "2026-01-02T02:04:05Z",
	}}}))

	g.Expect(patchOf(now, "why", start.Add(time.Hour))).To(BeNil(), "it says so already")
	for _, change := range []func(){func() { now.SetGeneration(8) }, func() {}} {
		change()
		patch, err = patchOf(now, "another reason", start.Add(time.Hour))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(string(patch)).To(ContainSubstring("2026-01-02T02:04:05Z"), "it is blocked since then")
	}
	patch, err = patchOf(wrappers.Poison("ns", "j"), "why", start)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(patch)).To(ContainSubstring(v1beta1.ReasonUndecodable))
}
