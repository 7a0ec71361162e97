package cleanup

import (
	"context"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	testingclock "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/jobcache"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// A Job that cannot be decoded in the cache, or by the time of the live read, is kept
// without an error: only the user can change it, and each retry would fail alike.
func TestAnUndecodableJobIsKept(t *testing.T) {
	g, ctx := NewWithT(t), context.Background()
	scheme := runtime.NewScheme()
	scheme.AddKnownTypeWithName(v1beta1.GroupVersion.WithKind("Job"), &unstructured.Unstructured{})
	metav1.AddToGroupVersion(scheme, v1beta1.GroupVersion)
	with := func(job client.Object) client.Client {
		return fake.NewClientBuilder().WithScheme(scheme).WithObjects(job).Build()
	}
	complete, err := runtime.DefaultUnstructuredConverter.ToUnstructured(wrappers.Job("ns", "j").Status(status(v1beta1.JobComplete)).Obj())
	g.Expect(err).NotTo(HaveOccurred())
	decodable := func() client.Client { return with(&unstructured.Unstructured{Object: complete}) }
	request := ctrl.Request{NamespacedName: client.ObjectKey{Namespace: "ns", Name: "j"}}
	clock := testingclock.NewFakePassiveClock(finished.Add(time.Hour))
	for name, clients := range map[string][2]client.Client{
		"in the cache": {with(wrappers.Poison("ns", "j")), decodable()},
		"live":         {decodable(), with(wrappers.Poison("ns", "j"))},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			g.Expect(New(clients[0], clients[1], clock).Reconcile(ctx, request)).To(BeZero())
			g.Expect(clients[0].Get(ctx, request.NamespacedName, jobcache.Object())).To(Succeed())
		})
	}
}
