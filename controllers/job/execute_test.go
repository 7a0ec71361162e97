package job

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// A pod that is taken for ungated and is not would make its node wait without
// end, in a slot that no other node gets.
func TestExpectationsAreKnownOnlyAfterAnAnswer(t *testing.T) {
	pods := schema.GroupResource{Resource: "pods"}
	answers := map[string]struct {
		err   error
		known bool
	}{
		"ungated":                            {nil, true},
		"the pod is deleted":                 {apierrors.NewNotFound(pods, "a"), true},
		"it changed too often":               {apierrors.NewConflict(pods, "a", errors.New("changed")), false},
		"another pod has its name":           {apierrors.NewInvalid(schema.GroupKind{Kind: "Pod"}, "a", nil), false},
		"the answer did not arrive":          {context.DeadlineExceeded, false},
		"the API server has too much to do":  {apierrors.NewTooManyRequestsError("later"), false},
		"the right to ungate was withdrawn":  {apierrors.NewForbidden(pods, "a", errors.New("no")), false},
		"the API server ran into a deadline": {apierrors.NewTimeoutError("slow", 1), false},
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			state := &jobState{uid: aJob.UID}
			cached := []plan.Pod{{Node: "a", Name: "a", UID: "a-uid", ResourceVersion: "1", State: plan.Gated, TemplateHash: hash}}
			cluster := fake.NewClientBuilder().WithInterceptorFuncs(interceptor.Funcs{
				Patch: func(_ context.Context, _ client.WithWatch, o client.Object, _ client.Patch, _ ...client.PatchOption) error {
					g.Expect(state.expectations.Known()).To(BeFalse(), "a crash of the write must not leave them known")
					if answer.err == nil {
						o.SetResourceVersion("7")
					}
					return answer.err
				},
			}).Build()
			r := New(cluster, cluster, events.NewFakeRecorder(1), clock.RealClock{}, Options{})
			state.expectations.Confirm(cached, cached)
			err := r.ungate(context.Background(), state, plan.State{Job: aJob}, cached)
			g.Expect(err == nil).To(Equal(answer.known))
			g.Expect(state.expectations.Known()).To(Equal(answer.known), "otherwise the pods are listed live")
			g.Expect(state.expectations.Met(cached)).To(Equal(apierrors.IsNotFound(answer.err)), "the cache does not show the pod ungated")
			cached[0].ResourceVersion = "7"
			g.Expect(state.expectations.Met(cached)).To(Equal(answer.known))
		})
	}
}

// The slot of a failed node is in use until its pod, which is deleted to be made again, has stopped. A cache that does
// not show the deletion yet would give it to another node if the user withdraws the retries just then.
func TestADeletionIsExpectedInTheCache(t *testing.T) {
	pods := schema.GroupResource{Resource: "pods"}
	for name, test := range map[string]struct {
		err error
		// known says that the expectations are known then, and met that the cache need not show anything.
		known, met bool
	}{
		"deleted":                 {nil, true, false},
		"it is gone":              {apierrors.NewNotFound(pods, "a"), true, true},
		"it has changed":          {apierrors.NewConflict(pods, "a", errors.New("changed")), true, true},
		"the answer did not come": {context.DeadlineExceeded, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			g, state := NewWithT(t), &jobState{uid: aJob.UID}
			cached := []plan.Pod{{Node: "a", Name: "a", UID: "a-uid", ResourceVersion: "1", State: plan.Active, TemplateHash: hash}}
			cluster := fake.NewClientBuilder().WithInterceptorFuncs(interceptor.Funcs{
				Delete: func(context.Context, client.WithWatch, client.Object, ...client.DeleteOption) error {
					g.Expect(state.expectations.Known()).To(BeFalse(), "a crash of the write must not leave them known")
					return test.err
				},
			}).Build()
			r := New(cluster, cluster, events.NewFakeRecorder(1), clock.RealClock{}, Options{})
			state.expectations.Confirm(cached, cached)
			_, err := r.deletePods(t.Context(), state, aJob, cached, true, "it is tried again")
			g.Expect(err == nil).To(Equal(test.known))
			g.Expect(state.expectations.Known()).To(Equal(test.known), "otherwise the pods are listed live")
			g.Expect(state.expectations.Met(cached)).To(Equal(test.met))
			cached[0].Terminating = true
			g.Expect(state.expectations.Met(cached)).To(Equal(test.known))
		})
	}
}

// One answer that does not arrive makes all expectations unknown, and the other pods are deleted all the same.
func TestDeletionsAndUngatingsAreExpectedTogether(t *testing.T) {
	g, state := NewWithT(t), &jobState{uid: aJob.UID}
	var deleted atomic.Int32
	cluster := fake.NewClientBuilder().WithInterceptorFuncs(interceptor.Funcs{
		Delete: func(_ context.Context, _ client.WithWatch, o client.Object, _ ...client.DeleteOption) error {
			if deleted.Add(1); o.GetName() == "lost" {
				return context.DeadlineExceeded
			}
			return nil
		},
		Patch: func(_ context.Context, _ client.WithWatch, o client.Object, _ client.Patch, _ ...client.PatchOption) error {
			o.SetResourceVersion("7")
			return nil
		},
	}).Build()
	r := New(cluster, cluster, events.NewFakeRecorder(1), clock.RealClock{}, Options{})
	cached := []plan.Pod{{Name: "a", UID: "a-uid", ResourceVersion: "1"}, {Name: "b", UID: "b-uid", ResourceVersion: "1"}, {Name: "lost", UID: "lost-uid"}}
	state.expectations.Confirm(nil, nil)
	state.expectations.Expect("a-uid", "2")
	_, err := r.deletePods(t.Context(), state, aJob, cached[1:2], false, "it is tried again")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(r.ungate(t.Context(), state, plan.State{Job: aJob}, cached[2:])).To(Succeed())
	b, lost := cached[1], cached[2]
	b.Terminating, lost.ResourceVersion = true, "7"
	g.Expect(state.expectations.Met([]plan.Pod{cached[0], cached[1], cached[2]})).To(BeFalse())
	g.Expect(state.expectations.Met([]plan.Pod{cached[0], b, lost})).To(BeFalse(), "a was ungated before")
	g.Expect(state.expectations.Met([]plan.Pod{versionOf(cached[0], "2"), b, lost})).To(BeTrue())

	deleted.Store(0)
	_, err = r.deletePods(t.Context(), state, aJob, cached, false, "they are tried again")
	g.Expect(err).To(MatchError(context.DeadlineExceeded))
	g.Expect(deleted.Load()).To(Equal(int32(len(cached))))
	g.Expect(state.expectations.Known()).To(BeFalse())
}

func versionOf(pod plan.Pod, version string) plan.Pod {
	pod.ResourceVersion = version
	return pod
}
