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

// A CronJob deletes its Jobs by its history limits. One that went by itself would be a run of
// which nothing is known. The informer cache must keep by what it is known.
func TestAJobOfACronJobIsKept(t *testing.T) {
	reference := func(apiVersion string, controller bool) metav1.OwnerReference {
		return metav1.OwnerReference{APIVersion: apiVersion, Kind: "CronJob", Name: "c", UID: "c-uid", Controller: &controller, BlockOwnerDeletion: new(true)}
	}
	ours := v1beta1.GroupVersion.String()
	complete, failed := status(v1beta1.JobComplete), status(v1beta1.JobFailed)
	for name, test := range map[string]struct {
		owners []metav1.OwnerReference
		job    *wrappers.JobWrapper
		kept   bool
	}{
		"complete":                  {[]metav1.OwnerReference{reference(ours, true)}, wrappers.Job("ns", "j").Status(complete), true},
		"failed":                    {[]metav1.OwnerReference{reference(ours, true)}, wrappers.Job("ns", "j").Status(failed), true},
		"a TTL by hand":             {[]metav1.OwnerReference{reference(ours, true)}, wrappers.Job("ns", "j").TTL(60).Status(complete), true},
		"failed, a TTL by hand":     {[]metav1.OwnerReference{reference(ours, true)}, wrappers.Job("ns", "j").TTL(0).Status(failed), true},
		"a later version":           {[]metav1.OwnerReference{reference("daemonset.darkowlzz.space/v1", true)}, wrappers.Job("ns", "j").Status(complete), true},
		"not the first owner":       {[]metav1.OwnerReference{reference("batch/v1", false), reference(ours, true)}, wrappers.Job("ns", "j").Status(complete), true},
		"no owner":                  {nil, wrappers.Job("ns", "j").Status(complete), false},
		"an owner, no controller":   {[]metav1.OwnerReference{reference(ours, false)}, wrappers.Job("ns", "j").Status(complete), false},
		"of batch/v1's CronJob":     {[]metav1.OwnerReference{reference("batch/v1", true)}, wrappers.Job("ns", "j").Status(complete), false},
		"the label of a child only": {nil, wrappers.Job("ns", "j").Label(v1beta1.LabelCronJob, "c").Status(complete), false},
	} {
		t.Run(name, func(t *testing.T) {
			g, scheme := NewWithT(t), runtime.NewScheme()
			g.Expect(v1beta1.AddToScheme(scheme)).To(Succeed())
			job := test.job.Obj()
			job.OwnerReferences = test.owners
			live := fake.NewClientBuilder().WithScheme(scheme).WithObjects(job).Build()
			// The manager's cache is the same. What it keeps of a Job is all that is decided by.
			now := jobcache.Object()
			g.Expect(live.Get(t.Context(), client.ObjectKeyFromObject(job), now)).To(Succeed())
			kept, err := jobcache.ByObject().Transform(now)
			g.Expect(err).NotTo(HaveOccurred())
			cached := stripped{live, kept.(*unstructured.Unstructured)}

			clock := testingclock.NewFakePassiveClock(finished.Add(time.Hour))
			g.Expect(New(cached, live, clock).Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(job)})).To(BeZero())
			err = live.Get(t.Context(), client.ObjectKeyFromObject(job), jobcache.Object())
			g.Expect(err == nil).To(Equal(test.kept))
			decoded, err := jobcache.Decode(cached.job)
			g.Expect(err).NotTo(HaveOccurred())
			_, expires := expiry(decoded)
			g.Expect(expires).To(Equal(!test.kept), "by the cache alone")
		})
	}
}

// stripped is a client that reads a Job from the informer cache.
type stripped struct {
	client.Client
	job *unstructured.Unstructured
}

// Get implements client.Reader.
func (c stripped) Get(_ context.Context, _ client.ObjectKey, to client.Object, _ ...client.GetOption) error {
	c.job.DeepCopyInto(to.(*unstructured.Unstructured))
	return nil
}
