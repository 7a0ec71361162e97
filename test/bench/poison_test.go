package main

import (
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

func TestPoisonMustSayWhatIsWrongWithIt(t *testing.T) {
	g := NewWithT(t)
	job := func(status, reason string) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{"status": map[string]any{"conditions": []any{
			map[string]any{"type": v1beta1.JobSuspended, "status": "True", "reason": "r"},
			map[string]any{"type": v1beta1.JobBlocked, "status": status, "reason": reason},
		}}}}
	}
	g.Expect(blockedBy(job("True", "r"), "r")).To(BeTrue())
	g.Expect(blockedBy(job("False", "r"), "r")).To(BeFalse())
	g.Expect(blockedBy(job("True", "other"), "r")).To(BeFalse())
	g.Expect(blockedBy(&unstructured.Unstructured{Object: map[string]any{}}, "r")).To(BeFalse())
}
