package job

import (
	"context"
	"errors"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// keepsResults is a cluster with a Job that is over only with its JobRecord, and whose nodes are
// done. The API server answers each creation with what answer returns.
func keepsResults(t *testing.T, answer func() error) *cluster {
	t.Helper()
	j := theJob().Parallelism("1").TTL(600)
	j.Spec.Results = &v1beta1.Results{RetainSeconds: new(int32(60))}
	c, runs := newCluster(t, j.Obj(), node("a"), node("b"), node("c")), ran{}
	c.fault = func(verb string, before bool) error {
		if verb != "Create" || !before {
			return nil
		}
		return answer()
	}
	for range 12 {
		_ = c.reconcile()
		c.kubernetes(t, runs)
		c.sync()
	}
	return c
}

// The JobRecord of a Job may be refused for as long as an administrator sets a quota. The Job
// says so, counts on, and is over when it is written.
func TestARefusedRecordStandsOnTheJob(t *testing.T) {
	quota := apierrors.NewForbidden(schema.GroupResource{Resource: "jobrecords"}, "j-j-uid-0", errors.New("exceeded quota"))
	refusal := error(quota)
	c := keepsResults(t, func() error { return refusal })
	for range 10 {
		c.must(c.reconcile())
	}
	status := c.status()
	c.g.Expect(status.Blocked).To(Equal(v1beta1.ReasonRecordRefused))
	c.g.Expect(status.Conditions).To(ContainElement(And(HaveField("Type", v1beta1.JobBlocked), HaveField("Message", ContainSubstring("exceeded quota")))))
	c.g.Expect(status.Completed).To(Equal("3/3"))
	c.g.Expect(status.Phase).To(Equal(v1beta1.PhaseRunning), "a verdict would come without its record")
	c.g.Expect(c.sent["Create"]).To(Equal(1), "it is not tried at once")

	c.clock.Step(5 * time.Second)
	for range 10 {
		c.must(c.reconcile())
	}
	c.g.Expect(c.sent["Create"]).To(Equal(2))

	refusal = nil
	c.clock.Step(5 * time.Second)
	c.must(c.reconcile())
	c.g.Expect(c.status().Phase).To(Equal(v1beta1.PhaseComplete))
	c.g.Expect(c.status().Blocked).To(BeEmpty())
	records := &v1beta1.JobRecordList{}
	c.must(c.server.List(context.Background(), records))
	c.g.Expect(records.Items).To(HaveExactElements(HaveField("Spec.Nodes", HaveLen(3))))
}

// An error that may pass is retried as any other, until the Job has failed for a while. A full
// etcd answers with one.
func TestARecordThatKeepsFailingIsRefused(t *testing.T) {
	full := apierrors.NewInternalError(errors.New("etcdserver: mvcc: database space exceeded"))
	c := keepsResults(t, func() error { return full })
	c.g.Expect(c.reconcile()).To(MatchError(full))
	c.g.Expect(c.reconcile()).To(MatchError(full))
	c.clock.Step(failureDelay)
	for range 3 {
		c.must(c.reconcile())
	}
	c.g.Expect(c.status().Blocked).To(Equal(v1beta1.ReasonRecordRefused))
	tries := c.sent["Create"]
	c.clock.Step(5 * time.Second)
	for range 3 {
		c.must(c.reconcile())
	}
	c.g.Expect(c.sent["Create"]).To(Equal(tries+1), "it is refused still")
}
