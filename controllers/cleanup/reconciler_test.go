package cleanup

import (
	"context"
	"errors"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
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

// deletedJobs returns the metric of deleted Jobs.
func deletedJobs(g Gomega) float64 {
	registry := prometheus.NewRegistry()
	registry.MustRegister(Collectors()...)
	families, err := registry.Gather()
	g.Expect(err).NotTo(HaveOccurred())
	return families[0].GetMetric()[0].GetCounter().GetValue()
}

func TestWhatBecomesOfADeletion(t *testing.T) {
	jobs := schema.GroupResource{Resource: "jobs"}
	for name, test := range map[string]struct {
		answer  error
		retry   time.Duration
		fails   bool
		counted float64
	}{
		"deleted":                    {nil, 0, false, 1},
		"it is gone already":         {apierrors.NewNotFound(jobs, "j"), 0, false, 0},
		"the Job has changed":        {apierrors.NewConflict(jobs, "j", errors.New("changed")), conflictRetryDelay, false, 0},
		"the API server has trouble": {apierrors.NewInternalError(errors.New("down")), 0, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			g, scheme := NewWithT(t), runtime.NewScheme()
			g.Expect(v1beta1.AddToScheme(scheme)).To(Succeed())
			job := wrappers.Job("ns", "j").Status(status(v1beta1.JobComplete)).Obj()
			cluster := fake.NewClientBuilder().WithScheme(scheme).WithObjects(job).WithInterceptorFuncs(interceptor.Funcs{
				Delete: func(_ context.Context, _ client.WithWatch, _ client.Object, options ...client.DeleteOption) error {
					given := (&client.DeleteOptions{}).ApplyOptions(options)
					g.Expect(given.PropagationPolicy).To(HaveValue(Equal(metav1.DeletePropagationBackground)), "its pods go too")
					return test.answer
				},
			}).Build()
			before := deletedJobs(g)
			result, err := New(cluster, cluster, clocktesting.NewFakePassiveClock(finished)).Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(job)})
			g.Expect(err != nil).To(Equal(test.fails))
			g.Expect(result.RequeueAfter).To(Equal(test.retry))
			g.Expect(deletedJobs(g) - before).To(Equal(test.counted))
		})
	}
}

func TestAJobIsRequeuedForItsTTL(t *testing.T) {
	g, scheme := NewWithT(t), runtime.NewScheme()
	g.Expect(v1beta1.AddToScheme(scheme)).To(Succeed())
	job := wrappers.Job("ns", "j").TTL(60).Status(status(v1beta1.JobComplete)).Obj()
	cluster := fake.NewClientBuilder().WithScheme(scheme).WithObjects(job).Build()
	result, err := New(cluster, cluster, clocktesting.NewFakePassiveClock(finished.Add(time.Second))).Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(job)})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(result.RequeueAfter).To(Equal(time.Minute))
}
