package job

import (
	"context"
	"errors"
	"testing"

	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/jobcache"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// The record of a Job that cannot be decoded is one write, which the API server may refuse.
func TestBlockUndecodable(t *testing.T) {
	jobs := schema.GroupResource{Group: v1beta1.GroupVersion.Group, Resource: "jobs"}
	stored, terminating := wrappers.Poison("ns", "j"), wrappers.Poison("ns", "j")
	terminating.SetDeletionTimestamp(new(metav1.Now()))
	tests := map[string]struct {
		stored  *unstructured.Unstructured
		answer  error
		want    ctrl.Result
		fails   bool
		writes  int
		reports int
	}{
		"written":           {stored, nil, ctrl.Result{}, false, 1, 1},
		"changed meanwhile": {stored, apierrors.NewConflict(jobs, "j", errors.New("changed")), ctrl.Result{RequeueAfter: conflictRetryDelay}, false, 1, 0},
		"not written":       {stored, apierrors.NewInternalError(errors.New("down")), ctrl.Result{}, true, 1, 0},
		"terminating":       {terminating, nil, ctrl.Result{}, false, 0, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g, writes, recorder := NewWithT(t), 0, events.NewFakeRecorder(10)
			cluster := fake.NewClientBuilder().WithInterceptorFuncs(interceptor.Funcs{
				SubResourcePatch: func(context.Context, client.Client, string, client.Object, client.Patch, ...client.SubResourcePatchOption) error {
					writes++
					return test.answer
				},
			}).Build()
			_, err := jobcache.Decode(test.stored)
			undecodable := &jobcache.UndecodableError{}
			g.Expect(errors.As(err, &undecodable)).To(BeTrue())
			result, err := New(cluster, cluster, recorder, clock.RealClock{}, Options{}).blockUndecodable(context.Background(), undecodable)
			g.Expect(err != nil).To(Equal(test.fails))
			g.Expect(result).To(Equal(test.want))
			g.Expect(writes).To(Equal(test.writes))
			g.Expect(recorder.Events).To(HaveLen(test.reports), "an event speaks of a status that was written")
		})
	}
}
