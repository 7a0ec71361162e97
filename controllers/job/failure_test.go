package job

import (
	"errors"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// A webhook that is down keeps the Job from starting. The Job must say so: its
// status is all that the user sees.
func TestALastingFailureStandsOnTheJob(t *testing.T) {
	c := newCluster(t, theJob().Obj(), node("a"))
	failure := errors.New(`failed calling webhook "policy.example.com": connection refused`)
	c.fault = func(verb string, _ bool) error {
		if verb == "Apply" {
			return failure
		}
		return nil
	}
	reconcile := func() *v1beta1.Job {
		c.g.Expect(c.reconcile()).To(MatchError(failure))
		job := theJob().Obj()
		c.g.Expect(c.get(job)).To(BeTrue())
		return job
	}
	c.g.Expect(reconcile().Status.Blocked).To(BeEmpty(), "it may be over at once")
	c.clock.Step(failureDelay)
	blocked := reconcile()
	c.g.Expect(blocked.Status.Blocked).To(Equal(v1beta1.ReasonReconcileFailed))
	c.g.Expect(blocked.Status.Conditions[0].Message).To(ContainSubstring("policy.example.com"))
	c.g.Expect(blocked.Status.Phase).To(Equal(v1beta1.PhasePending))
	c.g.Expect(reconcile().ResourceVersion).To(Equal(blocked.ResourceVersion), "it is written once")
}
