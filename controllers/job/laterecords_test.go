package job

import (
	"context"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// The manager has written the verdict Failed and deleted the DaemonSet. A pod that is not told to
// stop yet ends its work. Another writer has changed the page, so that the manager lists it again.
func TestANodeThatGetsDoneAfterTheVerdictIsRecorded(t *testing.T) {
	ds := daemonSetFor(t, theJob().Obj(), 2)
	atWork := podFor(ds, "b", func(*wrappers.PodWrapper) {})
	c := newCluster(t, theJob().Obj(), node("a"), node("b"), ds, podFor(ds, "a", failing), atWork)
	c.must(c.reconcile())
	c.g.Expect(c.status().Phase).To(Equal(v1beta1.PhaseFailed))
	c.g.Expect(c.get(ds)).To(BeFalse())
	c.g.Expect(c.recordedPods()).To(HaveLen(1), "the failure is recorded")

	done := podFor(ds, "b", completed)
	done.SetUID(atWork.GetUID())
	c.replace(atWork, done)
	pages := &v1beta1.JobRecordList{}
	c.must(c.server.List(context.Background(), pages))
	c.edit(&pages.Items[0], func() { pages.Items[0].Labels["changed"] = "true" })
	for range 3 {
		c.sync()
		c.must(c.reconcile())
		c.clock.Step(10 * time.Second)
	}
	c.must(c.server.List(context.Background(), pages))
	c.g.Expect(pages.Items).To(HaveLen(1))
	c.g.Expect(pages.Items[0].Spec.Nodes).To(ContainElement(And(HaveField("Node", "b"), HaveField("Result", v1beta1.RecordSucceeded))))
	c.g.Expect(c.status()).To(And(HaveField("Phase", v1beta1.PhaseFailed), HaveField("Records", int32(1))))
}
