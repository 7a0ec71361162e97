package daemonset

import (
	"encoding/json"
	"fmt"
	"testing"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// FuzzDesired makes the DaemonSets of arbitrary Jobs. A Job that was written and read again
// runs nothing again, and a DaemonSet that was applied is not applied again.
func FuzzDesired(f *testing.F) {
	for i := range 100 {
		f.Add([]byte(fmt.Sprintf("%08d", i)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		g := NewWithT(t)
		job := &v1beta1.Job{}
		wrappers.Fill(data, job)
		before := job.DeepCopy()
		hash, err := TemplateHash(&job.Spec)
		g.Expect(err).NotTo(HaveOccurred())
		desired, err := Desired(job, hash, Pause{Image: "pause"})
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(job).To(Equal(before), "the Job is the informer cache's")

		again := &v1beta1.Job{}
		reread(g, job, again)
		g.Expect(TemplateHash(&again.Spec)).To(Equal(hash))
		g.Expect(Desired(again, hash, Pause{Image: "pause"})).To(HaveField("Annotations", desired.Annotations))

		observed := &appsv1.DaemonSet{}
		reread(g, desired, observed)
		g.Expect(NeedsApply(observed, desired)).To(BeFalse())
		g.Expect(HasGate(&desired.Spec.Template.Spec) || !UsesGates(job)).To(BeTrue(), "pods of such a Job wait")
		NewPlacer(&desired.Spec.Template)
	})
}

// reread encodes an object and decodes it into another one.
func reread(g Gomega, from, to any) {
	data, err := json.Marshal(from)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(json.Unmarshal(data, to)).To(Succeed())
}
