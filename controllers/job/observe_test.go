package job

import (
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// A Job that was suspended has gated pods. When it is resumed while no manager runs,
// the next one ungates them, although it does not know what an earlier one ungated.
func TestAManagerThatStartsUngatesTheNodesOfAResumedJob(t *testing.T) {
	ds := daemonSetFor(t, theJob().Obj(), 1)
	gated := podFor(ds, "a", func(w *wrappers.PodWrapper) { w.Gated() })
	c := newCluster(t, theJob().Obj(), node("a"), ds, gated)
	c.must(c.reconcile())
	pod := &corev1.Pod{}
	pod.Namespace, pod.Name = gated.GetNamespace(), gated.GetName()
	c.g.Expect(c.get(pod)).To(BeTrue())
	c.g.Expect(pod.Spec.SchedulingGates).To(BeEmpty())
}
