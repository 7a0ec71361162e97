package job

import (
	"testing"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// An earlier version of the operator made DaemonSet and pod, with a hash of its own, and
// was killed before it wrote the status of this template.
func TestAnUpgradeBeforeTheStatusIsWrittenRunsNothingAgain(t *testing.T) {
	const hashOfV1 = "f406d06ce0"
	for name, test := range map[string]struct {
		last  v1beta1.JobStatus
		pod   func(*wrappers.PodWrapper)
		phase v1beta1.JobPhase
	}{
		"the Job is new, and its node at work":          {v1beta1.JobStatus{}, nil, v1beta1.PhaseRunning},
		"the template has changed, its node is at work": {v1beta1.JobStatus{TemplateHash: "331739b2ca"}, nil, v1beta1.PhaseRunning},
		"the template has changed, its node is done":    {v1beta1.JobStatus{TemplateHash: "331739b2ca"}, completed, v1beta1.PhaseComplete},
	} {
		t.Run(name, func(t *testing.T) {
			j := theJob().Status(test.last).Obj()
			ds := daemonSetWith(t, j, hashOfV1, 1)
			made := podFor(ds, "a", test.pod)
			c := newCluster(t, j, node("a"), ds, made)
			c.must(c.reconcile())
			status := c.status()
			c.g.Expect(status).To(And(HaveField("TemplateHash", hashOfV1), HaveField("Phase", test.phase)))
			c.g.Expect(c.get(ds)).To(BeTrue())
			c.g.Expect(templateHash(ds)).To(Equal(hashOfV1))
			there, ok := made.DeepCopyObject().(client.Object)
			c.g.Expect(ok && c.get(there)).To(BeTrue(), "the pod stays")
		})
	}
}
