package job

import (
	"errors"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
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
	c.g.Expect(c.sent["Patch"]).To(Equal(1), "also while the cache does not show it")

	c.fault = nil
	result, err := c.r.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(aJob)})
	c.must(err)
	c.g.Expect(result.RequeueAfter).To(Equal(time.Millisecond))
	c.must(c.reconcile())
	c.g.Expect(c.status().Blocked).To(BeEmpty(), "it is over")
}

// Failures with a success between them do not last.
func TestASingleFailureIsNoLastingOne(t *testing.T) {
	state, start, failure := &jobState{}, time.Unix(0, 0), errors.New("down")
	for second, err := range []error{failure, failure, nil, failure} {
		state.recordFailure(err, start.Add(time.Duration(second)*time.Second))
	}
	g := NewWithT(t)
	g.Expect(state.failureBlocker(start.Add(3*time.Second + failureDelay - 1))).To(BeZero())
	g.Expect(state.failureBlocker(start.Add(3*time.Second + failureDelay)).Reason).To(Equal(v1beta1.ReasonReconcileFailed))
}

// A failure after the status is written stands on the Job as well. It does not come and
// go with each retry.
func TestAFailureOfALaterStepStandsOnTheJob(t *testing.T) {
	ds := daemonSetFor(t, theJob().Obj(), 1)
	old := podFor(ds, "a", func(w *wrappers.PodWrapper) { w.Label(v1beta1.LabelTemplateHash, "old") })
	c, failure := newCluster(t, theJob().Obj(), node("a"), ds, old), errors.New("a policy keeps pods")
	c.fault = func(verb string, _ bool) error {
		if verb == "Delete" {
			return failure
		}
		return nil
	}
	for range 4 {
		c.g.Expect(c.reconcile()).To(MatchError(failure))
		c.clock.Step(failureDelay)
	}
	c.g.Expect(c.status().Blocked).To(Equal(v1beta1.ReasonReconcileFailed))
	writes := c.sent["Patch"]
	c.g.Expect(c.reconcile()).To(MatchError(failure))
	c.g.Expect(c.sent["Patch"]).To(Equal(writes))
}

// A verdict stays as it was written.
func TestAFailureIsNotWrittenOnAFinishedJob(t *testing.T) {
	failed := theJob().Status(v1beta1.JobStatus{Phase: v1beta1.PhaseFailed, ObservedGeneration: 1, Conditions: []metav1.Condition{
		{Type: v1beta1.JobFailed, Status: metav1.ConditionTrue, LastTransitionTime: metav1.NewTime(time.Now())},
	}}).Obj()
	c, failure := newCluster(t, failed, daemonSetFor(t, failed, 1)), errors.New("down")
	c.fault = func(string, bool) error { return failure }
	for range 2 {
		c.g.Expect(c.reconcile()).To(MatchError(failure))
		c.clock.Step(failureDelay)
	}
	c.g.Expect(c.sent["Patch"]).To(BeZero())
}

// The user corrects the Job while the failure is written.
func TestAFailureIsNotWrittenOnAChangedJob(t *testing.T) {
	c, failure := newCluster(t, theJob().Obj(), node("a")), errors.New("down")
	c.fault = func(verb string, before bool) error {
		switch {
		case verb == "Apply":
			return failure
		case verb == "Patch" && before:
			j := theJob().Obj()
			c.edit(j, func() { j.Generation, j.Spec.Image = 2, "example.com/later:v1" })
		}
		return nil
	}
	_ = c.reconcile()
	c.clock.Step(failureDelay)
	err := c.reconcile()
	c.g.Expect(err).To(MatchError(failure))
	c.g.Expect(apierrors.IsConflict(err)).To(BeFalse(), "the next failure reports it")
	c.g.Expect(c.sent["Patch"]).To(Equal(1))
	c.g.Expect(c.status()).To(BeZero())
}
