package job

import (
	"context"
	"errors"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// A webhook that is down keeps the Job from starting. The Job must say so: its
// status is all that the user sees.
func TestALastingFailureStandsOnTheJob(t *testing.T) {
	g := NewWithT(t)
	scheme := fake.NewClientBuilder().Build().Scheme()
	g.Expect(v1beta1.AddToScheme(scheme)).To(Succeed())
	failure := errors.New(`failed calling webhook "policy.example.com": connection refused`)
	cluster := fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(&v1beta1.Job{}).
		WithIndex(&corev1.Event{}, eventsByUID, func(client.Object) []string { return nil }).
		WithObjects(wrappers.Job("ns", "j").UID("u").Generation(1).Obj()).
		WithInterceptorFuncs(interceptor.Funcs{
			Apply: func(context.Context, client.WithWatch, runtime.ApplyConfiguration, ...client.ApplyOption) error {
				return failure
			},
		}).Build()
	clock := clocktesting.NewFakePassiveClock(time.Unix(1e9, 0))
	r := New(cluster, cluster, events.NewFakeRecorder(9), clock, Options{})
	name := client.ObjectKey{Namespace: "ns", Name: "j"}
	reconcile := func() v1beta1.JobStatus {
		_, err := r.Reconcile(t.Context(), ctrl.Request{NamespacedName: name})
		g.Expect(err == nil).To(Equal(failure == nil))
		job := &v1beta1.Job{}
		g.Expect(cluster.Get(t.Context(), name, job)).To(Succeed())
		return job.Status
	}
	g.Expect(reconcile().Blocked).To(BeEmpty(), "it may be over at once")
	clock.SetTime(clock.Now().Add(failureDelay))
	status := reconcile()
	g.Expect(status.Blocked).To(Equal(v1beta1.ReasonReconcileFailed))
	g.Expect(status.Conditions[0].Message).To(ContainSubstring("policy.example.com"))
	g.Expect(status.Phase).To(Equal(v1beta1.PhasePending))
	version := func() string {
		job := &v1beta1.Job{}
		g.Expect(cluster.Get(t.Context(), name, job)).To(Succeed())
		return job.ResourceVersion
	}
	before := version()
	reconcile()
	g.Expect(version()).To(Equal(before), "it is written once")
}
