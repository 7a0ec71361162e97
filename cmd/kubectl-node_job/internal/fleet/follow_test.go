package fleet

import (
	"context"
	"errors"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/cache"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/verdict"
)

// complete is a Job that is over.
var complete = wrappers.Job("ns", "j").UID("u").Status(v1beta1.JobStatus{Conditions: []metav1.Condition{
	{Type: v1beta1.JobComplete, Status: metav1.ConditionTrue, Message: "3 nodes done"}}}).Obj()

func TestTheLastStateOfADeletedJobJudges(t *testing.T) {
	running, other := wrappers.Job("ns", "j").UID("u").Obj(), wrappers.Job("ns", "j").UID("other").Obj()
	gone := func(job *v1beta1.Job) any { return cache.DeletedFinalStateUnknown{Obj: job} }
	type step struct {
		object  any
		deleted bool
	}
	for name, test := range map[string]struct {
		steps []step
		want  verdict.Verdict
	}{
		"changed":                        {[]step{{complete, false}}, verdict.Verdict{Over: true, Message: "Complete: 3 nodes done"}},
		"deleted when it was over":       {[]step{{complete, true}}, verdict.Verdict{Over: true, Message: "Complete: 3 nodes done"}},
		"deleted before":                 {[]step{{running, true}}, verdict.Deleted(running, false)},
		"its deletion was not seen":      {[]step{{gone(running), true}}, verdict.Deleted(running, true)},
		"seen to be over, then not seen": {[]step{{complete, false}, {gone(complete), true}}, verdict.Verdict{Over: true, Message: "Complete: 3 nodes done"}},
		"replaced by another":            {[]step{{other, false}}, verdict.Deleted(running, true)},
		"deleted, then made again":       {[]step{{running, true}, {other, false}}, verdict.Deleted(running, false)},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			f := &Follower{uid: "u", job: running, changed: make(chan struct{}, 1)}
			for _, s := range test.steps {
				f.observe(s.object, s.deleted)
			}
			g.Expect(f.Snapshot().Verdict()).To(Equal(test.want))
			g.Expect(f.Changed()).To(Receive())
		})
	}
}

func TestALostConnectionIsToldOnce(t *testing.T) {
	g := NewWithT(t)
	var said []string
	l := link{say: func(text string) { said = append(said, text) }}
	ctx, cancel := context.WithCancel(context.Background())
	refused := errors.New("connection refused")
	expired := apierrors.NewResourceExpired("too old")
	l.observe(ctx, nil)
	l.observe(ctx, expired)
	g.Expect(said).To(BeEmpty())
	l.observe(ctx, refused)
	l.observe(ctx, refused)
	l.observe(ctx, apierrors.NewServiceUnavailable("starting"))
	l.observe(ctx, apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "", nil))
	l.observe(ctx, nil)
	cancel()
	l.observe(ctx, refused)
	g.Expect(said).To(Equal([]string{"Lost the connection to the API server, retrying: connection refused", "The API server answers again"}))
}

func TestWhatIsLargeIsNotKept(t *testing.T) {
	g := NewWithT(t)
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{ManagedFields: []metav1.ManagedFieldsEntry{{}}}, Status: corev1.NodeStatus{Images: []corev1.ContainerImage{{}}}}
	g.Expect(strip(node)).To(Equal(&corev1.Node{}))
	g.Expect(strip("text")).To(Equal("text"))
}
