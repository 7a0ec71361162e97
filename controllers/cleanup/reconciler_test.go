package cleanup

import (
	"context"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/runtime"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// The cache shows an expired Job, and the API server one that the user has changed.
func TestAJobIsDeletedOnlyIfItIsStillExpired(t *testing.T) {
	complete := func() *wrappers.JobWrapper {
		return wrappers.Job("ns", "j").UID("u").TTL(60).Status(status(v1beta1.JobComplete))
	}
	for name, test := range map[string]struct {
		live    *wrappers.JobWrapper
		deleted bool
	}{
		"as cached":             {complete(), true},
		"a longer TTL":          {complete().TTL(3600), false},
		"another spec":          {complete().Generation(2), false},
		"the verdict was taken": {complete().Status(v1beta1.JobStatus{}), false},
	} {
		t.Run(name, func(t *testing.T) {
			g, scheme, deleted := NewWithT(t), runtime.NewScheme(), false
			g.Expect(v1beta1.AddToScheme(scheme)).To(Succeed())
			live := fake.NewClientBuilder().WithScheme(scheme).WithObjects(test.live.Obj()).Build()
			cached := fake.NewClientBuilder().WithScheme(scheme).WithObjects(complete().Obj()).WithInterceptorFuncs(interceptor.Funcs{
				Delete: func(_ context.Context, _ client.WithWatch, o client.Object, options ...client.DeleteOption) error {
					given := &client.DeleteOptions{}
					given.ApplyOptions(options)
					g.Expect(given.Preconditions).To(HaveValue(And(HaveField("UID", HaveValue(Equal(o.GetUID()))),
						HaveField("ResourceVersion", HaveValue(Equal(o.GetResourceVersion()))))))
					deleted = true
					return nil
				},
			}).Build()
			r := New(cached, live, clocktesting.NewFakePassiveClock(finished.Add(2*time.Minute)))
			_, err := r.Reconcile(context.Background(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(test.live.Obj())})
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(deleted).To(Equal(test.deleted))
		})
	}
}
