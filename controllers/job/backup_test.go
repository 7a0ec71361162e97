package job

import (
	"context"
	"errors"
	"testing"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// The patch is for one version of one Job: a Job that has started over since must not
// get the label, and the status is written on top of the answer.
func TestLabelForBackup(t *testing.T) {
	jobs := schema.GroupResource{Group: v1beta1.GroupVersion.Group, Resource: "jobs"}
	answers := map[string]struct {
		answer   error
		labelled bool
		goesOn   bool
	}{
		"labelled":                {nil, true, true},
		"a policy refuses it":     {apierrors.NewForbidden(jobs, "j", errors.New("no")), false, true},
		"a rule refuses it":       {apierrors.NewInvalid(schema.GroupKind{Kind: "Job"}, "j", nil), false, true},
		"the Job changed":         {apierrors.NewConflict(jobs, "j", errors.New("changed")), false, false},
		"the answer did not come": {context.DeadlineExceeded, false, false},
	}
	for name, test := range answers {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			j := wrappers.Job("ns", "j").UID("j-uid").Obj()
			j.ResourceVersion = "7"
			var sent []string
			cluster := fake.NewClientBuilder().WithInterceptorFuncs(interceptor.Funcs{
				Patch: func(_ context.Context, _ client.WithWatch, o client.Object, patch client.Patch, _ ...client.PatchOption) error {
					data, err := patch.Data(o)
					g.Expect(err).NotTo(HaveOccurred())
					g.Expect(patch.Type()).To(Equal(types.ApplyPatchType))
					sent = append(sent, string(data))
					o.SetResourceVersion("8")
					return test.answer
				},
			}).Build()
			r := New(cluster, cluster, events.NewFakeRecorder(1), clock.RealClock{}, Options{})
			state, s := &jobState{uid: j.UID}, plan.State{Job: j}
			err := r.labelForBackup(t.Context(), state, &s, excludeFromBackupPatch(j))
			g.Expect(err == nil).To(Equal(test.goesOn))
			g.Expect(sent).To(ConsistOf(MatchJSON(`{"apiVersion":"daemonset.darkowlzz.space/v1beta1","kind":"Job","metadata":{
				"name":"j","namespace":"ns","uid":"j-uid","resourceVersion":"7","labels":{"velero.io/exclude-from-backup":"true"}}}`)))
			g.Expect(includeInBackupPatch(j).Data(j)).To(MatchJSON(`{"apiVersion":"daemonset.darkowlzz.space/v1beta1","kind":"Job","metadata":{
				"name":"j","namespace":"ns","uid":"j-uid","resourceVersion":"7"}}`))
			if test.labelled {
				g.Expect(s.Job.ResourceVersion).To(Equal("8"))
				g.Expect(state.job).To(BeIdenticalTo(s.Job))
			} else {
				g.Expect(s.Job).To(BeIdenticalTo(j))
				g.Expect(state.job).To(BeNil())
			}
		})
	}
}

// A Job that starts over is in backups before its status says so. If it were the other
// way round, a crash between the two would leave it out of backups while it works.
func TestALabelIsRemovedBeforeTheStatusIsWritten(t *testing.T) {
	g := NewWithT(t)
	refused := apierrors.NewTooManyRequestsError("later")
	cluster := fake.NewClientBuilder().WithInterceptorFuncs(interceptor.Funcs{
		Patch: func(context.Context, client.WithWatch, client.Object, client.Patch, ...client.PatchOption) error {
			return refused
		},
		SubResourcePatch: func(context.Context, client.Client, string, client.Object, client.Patch, ...client.SubResourcePatchOption) error {
			t.Error("the status was written")
			return nil
		},
	}).Build()
	r := New(cluster, cluster, events.NewFakeRecorder(1), clock.RealClock{}, Options{})
	_, err := r.execute(t.Context(), &jobState{}, plan.State{Job: aJob}, plan.Plan{IncludeInBackup: true, Status: &plan.StatusUpdate{}})
	g.Expect(err).To(MatchError(refused))
}

// The label comes last: whatever refuses it must not keep the work from being stopped.
func TestALabelThatIsRefusedKeepsNoWorkRunning(t *testing.T) {
	g := NewWithT(t)
	refused, deleted := apierrors.NewTooManyRequestsError("later"), false
	cluster := fake.NewClientBuilder().WithInterceptorFuncs(interceptor.Funcs{
		Patch: func(context.Context, client.WithWatch, client.Object, client.Patch, ...client.PatchOption) error {
			return refused
		},
		Delete: func(context.Context, client.WithWatch, client.Object, ...client.DeleteOption) error {
			deleted = true
			return nil
		},
	}).Build()
	r := New(cluster, cluster, events.NewFakeRecorder(1), clock.RealClock{}, Options{})
	s := plan.State{Job: aJob, DaemonSet: &appsv1.DaemonSet{}}
	_, err := r.execute(t.Context(), &jobState{}, s, plan.Plan{DaemonSet: plan.DeleteDaemonSet, ExcludeFromBackup: true})
	g.Expect(err).To(MatchError(refused), "it is tried again")
	g.Expect(deleted).To(BeTrue())
}
