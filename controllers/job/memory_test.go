package job

import (
	"context"
	"testing"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// size of all that is remembered.
func (m *memory) size() int {
	return len(m.jobs.objects) + len(m.daemonSets.objects) + len(m.gates.jobs) + len(m.written.byJob) + len(m.drafts.made) + len(m.uids)
}

// An operator that forgets nothing needs more memory with every Job there ever was:
// one that is deleted in the background is gone at once.
func TestNothingIsRememberedOfAJobThatIsGone(t *testing.T) {
	g := NewWithT(t)
	scheme := fake.NewClientBuilder().Build().Scheme()
	g.Expect(v1beta1.AddToScheme(scheme)).To(Succeed())
	name := types.NamespacedName{Namespace: "ns", Name: "j"}
	var there *v1beta1.Job
	cluster := fake.NewClientBuilder().WithScheme(scheme).WithInterceptorFuncs(interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, to client.Object, options ...client.GetOption) error {
			if job, ok := to.(*v1beta1.Job); ok && there != nil {
				there.DeepCopyInto(job)
				return nil
			}
			return c.Get(ctx, key, to, options...)
		},
	}).Build()
	r := New(cluster, cluster, events.NewFakeRecorder(1), clock.RealClock{}, Options{PauseImage: "pause:v1"})
	look := func(uid string) {
		if there = nil; uid != "" {
			there = wrappers.Job(name.Namespace, name.Name).UID(uid).Obj()
			there.ResourceVersion = "1"
		}
		job, err := r.getJob(context.Background(), name)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(job == nil).To(Equal(uid == ""))
	}
	remember := func() {
		desired, err := r.drafts.of(there)
		g.Expect(err).NotTo(HaveOccurred())
		r.daemonSets.remember(desired)
		r.jobs.remember(there)
		r.gates.compare(there.UID, nil, nil)
		r.written.set(there.UID, there.CreationTimestamp.Time)
	}

	look("first")
	remember()
	all := r.size()
	g.Expect(all).To(Equal(6))
	look("second")
	g.Expect(r.size()).To(Equal(1), "another Job has the name")
	remember()
	g.Expect(r.size()).To(Equal(all))
	look("")
	g.Expect(r.size()).To(BeZero())

	look("third")
	remember()
	there.DeletionTimestamp = new(metav1.Now())
	_, err := r.Reconcile(context.Background(), ctrl.Request{NamespacedName: name})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(r.size()).To(BeZero(), "it is on its way")
}

func TestDrafts(t *testing.T) {
	g := NewWithT(t)
	d := newDrafts("pause:v1")
	job := wrappers.Job("ns", "j").UID("u").Obj()
	of := func() *appsv1.DaemonSet {
		ds, err := d.of(job)
		g.Expect(err).NotTo(HaveOccurred())
		return ds
	}
	first := of()
	g.Expect(of()).To(BeIdenticalTo(first))
	job.Generation, job.Spec.Image = 2, "example.com/other:v1"
	g.Expect(of().Spec.Template.Spec.Containers[0].Image).To(Equal("example.com/other:v1"))
	job.UID = "another"
	g.Expect(of().OwnerReferences[0].UID).To(BeEquivalentTo("another"), "a Job of the same name and generation")
}
