package retention

import (
	"context"
	"errors"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/util/workqueue"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// cluster returns an API server with these objects, some of which can be nil. del, if not nil,
// answers deletions.
func cluster(t *testing.T, del func(client.Object, *client.DeleteOptions) error, objects ...client.Object) client.Client {
	t.Helper()
	known := runtime.NewScheme()
	NewWithT(t).Expect(v1beta1.AddToScheme(known)).To(Succeed())
	builder := fake.NewClientBuilder().WithScheme(known).WithReturnManagedFields()
	for _, object := range objects {
		builder.WithObjects(object)
	}
	return builder.WithInterceptorFuncs(interceptor.Funcs{
		Delete: func(ctx context.Context, c client.WithWatch, o client.Object, options ...client.DeleteOption) error {
			if del == nil {
				return c.Delete(ctx, o, options...)
			}
			return del(o, (&client.DeleteOptions{}).ApplyOptions(options))
		},
	}).Build()
}

func reconcileOnce(t *testing.T, cached, live client.Client, after time.Duration) (ctrl.Result, error) {
	t.Helper()
	return New(cached, live, clocktesting.NewFakePassiveClock(created.Add(after))).
		Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Namespace: "ns", Name: "j-u-0"}})
}

// The cache shows a record whose Job is gone. What the API server has decides.
func TestWhatTheAPIServerHasIsDeleted(t *testing.T) {
	job := func(uid string) *v1beta1.Job { return wrappers.Job("ns", "j").UID(uid).Obj() }
	expired := func() *v1beta1.JobRecord { return record(job("u"), "j-u-0", time.Minute) }
	with := func(change func(*v1beta1.JobRecord)) *v1beta1.JobRecord {
		r := expired()
		change(r)
		return r
	}
	for name, test := range map[string]struct {
		// cached and live are the Jobs there.
		cached, live []client.Object
		record       *v1beta1.JobRecord
		deleted      bool
		retry        time.Duration
	}{
		"the Job is gone":                 {nil, nil, expired(), true, 0},
		"a later Job has its name":        {[]client.Object{job("v")}, []client.Object{job("v")}, expired(), true, 0},
		"the Job is there":                {[]client.Object{job("u")}, []client.Object{job("u")}, expired(), false, 0},
		"the Job is not cached":           {nil, []client.Object{job("u")}, expired(), false, staleRetryDelay},
		"the record of a Job without UID": {nil, nil, with(func(r *v1beta1.JobRecord) { delete(r.Labels, v1beta1.LabelJobUID) }), false, 0},
		"the record of no Job":            {nil, nil, with(func(r *v1beta1.JobRecord) { delete(r.Labels, v1beta1.LabelJob) }), false, 0},
		"it is not retained":              {nil, nil, with(func(r *v1beta1.JobRecord) { r.Spec.RetainSeconds = nil }), false, 0},
		"it got a later end":              {nil, nil, record(job("u"), "j-u-0", 30*time.Minute), false, 21 * time.Minute},
		"it is gone":                      {nil, nil, nil, false, 0},
		"it has an owner by now":          {nil, nil, with(func(r *v1beta1.JobRecord) { r.OwnerReferences = []metav1.OwnerReference{{Controller: new(true)}} }), false, 0},
		"it is being deleted": {nil, nil, with(func(r *v1beta1.JobRecord) {
			r.DeletionTimestamp, r.Finalizers = new(metav1.NewTime(created)), []string{"a/b"}
		}), false, 0},
		"it is of another Job by now": {nil, []client.Object{job("u")}, with(func(r *v1beta1.JobRecord) { r.Labels[v1beta1.LabelJobUID] = "w" }), true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			g, deleted := NewWithT(t), false
			cached := cluster(t, func(o client.Object, given *client.DeleteOptions) error {
				g.Expect(given.Preconditions).To(HaveValue(And(HaveField("UID", HaveValue(Equal(o.GetUID()))),
					HaveField("ResourceVersion", HaveValue(Equal(o.GetResourceVersion()))))))
				g.Expect(o.GetUID()).NotTo(BeEmpty())
				deleted = true
				return nil
			}, append(test.cached, expired())...)
			live := test.live
			if test.record != nil {
				live = append(live, test.record)
			}
			result, err := reconcileOnce(t, cached, cluster(t, nil, live...), 10*time.Minute)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(result.RequeueAfter).To(Equal(test.retry))
			g.Expect(deleted).To(Equal(test.deleted))
		})
	}
}

// The informer may see neither the creation nor the deletion of a Job, if its watch is interrupted for that long:
// no event then tells when the Job is gone.
func TestARecordWhoseJobIsNotCachedIsRequeued(t *testing.T) {
	g, job := NewWithT(t), wrappers.Job("ns", "j").UID("u").Obj()
	expired := record(job, "j-u-0", time.Minute)
	cached, live := cluster(t, nil, expired.DeepCopy()), cluster(t, nil, expired.DeepCopy(), job)
	result, err := reconcileOnce(t, cached, live, 10*time.Minute)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(result.RequeueAfter).To(Equal(staleRetryDelay))

	g.Expect(live.Delete(t.Context(), job)).To(Succeed())
	result, err = reconcileOnce(t, cached, live, 10*time.Minute)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(result).To(BeZero())
	g.Expect(cached.Get(t.Context(), client.ObjectKeyFromObject(expired), expired)).To(Satisfy(apierrors.IsNotFound))
}

// A Job that was deleted and created again while the watch was interrupted is an update.
func TestRecordsOfAJobThatIsGoneAreEnqueued(t *testing.T) {
	u, v := wrappers.Job("ns", "j").UID("u").Obj(), wrappers.Job("ns", "j").UID("v").Obj()
	c := cluster(t, nil, record(u, "j-u-0", time.Minute), record(v, "j-v-0", time.Minute))
	handle := New(c, c, clocktesting.NewFakePassiveClock(created)).jobHandler()
	for name, test := range map[string]struct {
		event    func(context.Context, queue)
		enqueued []string
	}{
		"deleted": {func(ctx context.Context, q queue) { handle.Delete(ctx, event.DeleteEvent{Object: u}, q) }, []string{"j-u-0"}},
		"made again": {func(ctx context.Context, q queue) {
			handle.Update(ctx, event.UpdateEvent{ObjectOld: u, ObjectNew: v}, q)
		}, []string{"j-u-0"}},
		"changed": {func(ctx context.Context, q queue) {
			handle.Update(ctx, event.UpdateEvent{ObjectOld: u, ObjectNew: u}, q)
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			q := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
			defer q.ShutDown()
			test.event(t.Context(), q)
			var enqueued []string
			for q.Len() > 0 {
				request, _ := q.Get()
				enqueued = append(enqueued, request.Name)
			}
			NewWithT(t).Expect(enqueued).To(Equal(test.enqueued))
		})
	}
}

func TestARecordIsRequeuedForItsTime(t *testing.T) {
	g := NewWithT(t)
	c := cluster(t, nil, record(wrappers.Job("ns", "j").UID("u").Obj(), "j-u-0", time.Minute))
	result, err := reconcileOnce(t, c, c, 90*time.Second)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(result.RequeueAfter).To(Equal(30 * time.Second))
	result, err = reconcileOnce(t, c, c, 2*time.Minute)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(result.RequeueAfter).To(BeZero())
	g.Expect(c.Get(t.Context(), client.ObjectKey{Namespace: "ns", Name: "j-u-0"}, &v1beta1.JobRecord{})).To(Satisfy(apierrors.IsNotFound))
}

// A request that fails says nothing of whether the Job is there.
func TestWhatBecomesOfAFailure(t *testing.T) {
	records, failure := schema.GroupResource{Resource: "jobrecords"}, apierrors.NewInternalError(errors.New("down"))
	for name, test := range map[string]struct {
		answer, job error
		retry       time.Duration
		fails       bool
	}{
		"deleted":                          {},
		"it is gone already":               {answer: apierrors.NewNotFound(records, "j-u-0")},
		"the record has changed":           {answer: apierrors.NewConflict(records, "j-u-0", errors.New("changed")), retry: conflictRetryDelay},
		"the API server keeps it":          {answer: failure, fails: true},
		"whether the Job is there unknown": {answer: errors.New("it was deleted"), job: failure, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			g, asked := NewWithT(t), false
			expired := record(wrappers.Job("ns", "j").UID("u").Obj(), "j-u-0", time.Minute)
			cached := cluster(t, func(client.Object, *client.DeleteOptions) error {
				asked = true
				return test.answer
			}, expired.DeepCopy())
			live := interceptor.NewClient(cluster(t, nil, expired.DeepCopy()).(client.WithWatch), interceptor.Funcs{
				Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, options ...client.GetOption) error {
					if key.Name == "j" && test.job != nil {
						return test.job
					}
					return c.Get(ctx, key, o, options...)
				},
			})
			result, err := reconcileOnce(t, cached, live, time.Hour)
			g.Expect(err != nil).To(Equal(test.fails))
			g.Expect(result.RequeueAfter).To(Equal(test.retry))
			g.Expect(asked).To(Equal(test.job == nil))
		})
	}
}
