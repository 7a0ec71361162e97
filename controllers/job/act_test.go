package job

import (
	"context"
	"errors"
	"testing"

	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

// A gate that is taken for open and is not would make its node wait for ever, on a
// slot that nobody else gets.
func TestAGateThatCouldNotBeOpenedIsNotTakenForOpen(t *testing.T) {
	pods := schema.GroupResource{Resource: "pods"}
	answers := map[string]struct {
		err     error
		trusted bool
	}{
		"opened":                             {nil, true},
		"the pod is gone":                    {apierrors.NewNotFound(pods, "a"), true},
		"it changed too often":               {apierrors.NewConflict(pods, "a", errors.New("changed")), false},
		"another pod has its name":           {apierrors.NewInvalid(schema.GroupKind{Kind: "Pod"}, "a", nil), false},
		"the answer did not arrive":          {context.DeadlineExceeded, false},
		"the API server has too much to do":  {apierrors.NewTooManyRequestsError("later"), false},
		"the right to open it was withdrawn": {apierrors.NewForbidden(pods, "a", errors.New("no")), false},
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			cluster := fake.NewClientBuilder().WithInterceptorFuncs(interceptor.Funcs{
				Patch: func(context.Context, client.WithWatch, client.Object, client.Patch, ...client.PatchOption) error {
					return answer.err
				},
			}).Build()
			r := New(cluster, cluster, events.NewFakeRecorder(1), clock.RealClock{}, Options{})
			nodes := []observedPod{{name: "a", pod: "a", uid: "a-uid", version: "1", state: gated, upToDate: true}}
			r.gates.compare(aJob.UID, nodes, nodes)
			err := r.ungate(context.Background(), &State{job: aJob}, nodes)
			g.Expect(err == nil).To(Equal(answer.trusted))
			g.Expect(r.gates.trusted(aJob.UID)).To(Equal(answer.trusted), "else the pods are read live")
		})
	}
}
