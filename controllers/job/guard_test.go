package job

import (
	"context"
	"errors"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	"github.com/darkowlzz/daemonset-job/internal/guard"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// withoutPolicy lets the reconciler observe that its admission policy is missing.
func (c *cluster) withoutPolicy(t *testing.T) {
	t.Helper()
	keeper := guard.New(c.server, c.server, events.NewFakeRecorder(10), clock.RealClock{}, guard.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	go func() { stopped <- keeper.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		c.g.Expect(<-stopped).To(Succeed())
	})
	c.r.options.Guard = keeper
}

func TestWithoutThePolicyNoDaemonSetIsCreated(t *testing.T) {
	c := newCluster(t, theJob().Obj(), node("a"))
	c.withoutPolicy(t)
	c.must(c.reconcile())
	c.g.Expect(c.get(daemonSetFor(t, theJob().Obj(), 1))).To(BeFalse())
	c.g.Expect(c.status()).To(And(HaveField("Blocked", v1beta1.ReasonGuardMissing), HaveField("TemplateHash", "")))
}

// A template may be gated, which stops work. Whatever else the Job asks for waits.
func TestWithoutThePolicyADaemonSetIsOnlyGated(t *testing.T) {
	begun := func(w *wrappers.JobWrapper, ds string) *wrappers.JobWrapper {
		return w.Status(v1beta1.JobStatus{Phase: v1beta1.PhaseRunning, TemplateHash: ds, ObservedGeneration: 1})
	}
	for name, test := range map[string]struct {
		before, after *wrappers.JobWrapper
		gated         bool
	}{
		"the work changed":                           {theJob(), theJob().Image("example.com/later:v1"), false},
		"the Job is suspended":                       {theJob(), theJob().Suspend(true), true},
		"the Job is suspended, and the work changed": {theJob(), theJob().Suspend(true).Image("example.com/later:v1"), true},
		"the Job is let go":                          {theJob().Suspend(true), theJob(), true},
	} {
		t.Run(name, func(t *testing.T) {
			before := daemonSetFor(t, test.before.Obj(), 1)
			hash := before.Spec.Template.Labels[v1beta1.LabelTemplateHash]
			c := newCluster(t, begun(test.after, hash).Generation(2).Obj(), node("a"), before.DeepCopy())
			c.withoutPolicy(t)
			c.must(c.reconcile())
			after := before.DeepCopy()
			c.g.Expect(c.get(after)).To(BeTrue())
			c.g.Expect(daemonset.HasGate(&after.Spec.Template.Spec)).To(Equal(test.gated))
			after.Spec.Template.Spec.SchedulingGates = before.Spec.Template.Spec.SchedulingGates
			c.g.Expect(after.Spec).To(Equal(before.Spec), "the work is as it was")
			c.g.Expect(c.status().Blocked).To(Equal(v1beta1.ReasonGuardMissing))
		})
	}
}

// Before the first observation a reconcile waits: it must not say that the policy is missing.
func TestAReconcileWaitsForTheFirstObservation(t *testing.T) {
	c := newCluster(t, theJob().Obj(), node("a"))
	c.r.options.Guard = guard.New(c.server, c.server, events.NewFakeRecorder(10), clock.RealClock{}, guard.Options{})
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	_, err := c.r.observeGuard(ctx)
	c.g.Expect(err).To(MatchError(context.DeadlineExceeded))
}

// unread is a reader whose requests RBAC refuses.
type unread struct{ client.Reader }

func (unread) Get(context.Context, client.ObjectKey, client.Object, ...client.GetOption) error {
	return apierrors.NewForbidden(schema.GroupResource{Resource: "validatingadmissionpolicies"}, "daemonset-job-guard", errors.New("no rights"))
}

// A policy that cannot be read keeps the Job from starting, and the Job says why.
func TestAPolicyThatCannotBeReadIsReported(t *testing.T) {
	c := newCluster(t, theJob().Obj(), node("a"))
	keeper := guard.New(unread{c.server}, c.server, c.recorder, clock.RealClock{}, guard.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- keeper.Start(ctx) }()
	defer func() {
		cancel()
		c.g.Expect(<-ended).To(Succeed())
	}()
	c.r.options.Guard = keeper
	c.g.Expect(c.reconcile()).To(MatchError(And(ContainSubstring("the admission policy was not read yet"), ContainSubstring("no rights"))))
	c.clock.Step(time.Minute)
	c.g.Expect(c.reconcile()).NotTo(Succeed())
	c.g.Expect(c.status().Blocked).To(Equal(v1beta1.ReasonReconcileFailed))
	c.g.Expect(c.get(daemonSetFor(t, theJob().Obj(), 1))).To(BeFalse())
}
