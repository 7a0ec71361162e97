package completion

import (
	"context"
	"errors"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/logfollow"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// reconcilerOf returns a Reconciler whose cache holds these objects, and that knows that
// the pod of theTarget logged its Job's word. marks counts the marks, which get this answer.
func reconcilerOf(t *testing.T, answer error, objects ...client.Object) (r *Reconciler, marks *int) {
	t.Helper()
	g, scheme := NewWithT(t), runtime.NewScheme()
	g.Expect(clientgoscheme.AddToScheme(scheme)).To(Succeed())
	g.Expect(v1beta1.AddToScheme(scheme)).To(Succeed())
	marks = new(int)
	cached := fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).WithInterceptorFuncs(interceptor.Funcs{
		SubResourcePatch: func(_ context.Context, _ client.Client, _ string, o client.Object, _ client.Patch, options ...client.SubResourcePatchOption) error {
			given := (&client.SubResourcePatchOptions{}).ApplyOptions(options)
			g.Expect(given.FieldManager).To(Equal(v1beta1.TerminatorFieldOwner))
			*marks++
			o.SetResourceVersion("1000000")
			return answer
		},
	}).Build()
	r = New(cached, nil, clock.RealClock{}, Options{Word: "ready", MaxLogStreams: 1})
	wanted := target{name: client.ObjectKey{Namespace: "ns", Name: "j-daemonset-job-a"}, uid: "a-h1", group: logfollow.Group{Namespace: "ns", Job: "j"}, word: "finished"}
	r.followers.pods[wanted.name] = &followedPod{target: wanted, found: true}
	return r, marks
}

func reconcilePod(t *testing.T, r *Reconciler) (ctrl.Result, error) {
	t.Helper()
	return r.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Namespace: "ns", Name: "j-daemonset-job-a"}})
}

func TestWhatBecomesOfAMark(t *testing.T) {
	pods := schema.GroupResource{Resource: "pods"}
	for name, test := range map[string]struct {
		answer error
		retry  time.Duration
		fails  bool
		marks  int
	}{
		"marked":                     {nil, 0, false, 1},
		"the pod changed":            {apierrors.NewConflict(pods, "a", errors.New("changed")), conflictRetryDelay, false, 2},
		"another pod has its name":   {apierrors.NewInvalid(schema.GroupKind{Kind: "Pod"}, "a", nil), conflictRetryDelay, false, 2},
		"the pod is gone":            {apierrors.NewNotFound(pods, "a"), 0, false, 2},
		"the API server has trouble": {apierrors.NewInternalError(errors.New("down")), 0, true, 2},
	} {
		t.Run(name, func(t *testing.T) {
			g, job := NewWithT(t), wrappers.Job("ns", "j").Word("finished").Obj()
			r, marks := reconcilerOf(t, test.answer, job, wrappers.Pod(job, "a", "h1").Obj())
			result, err := reconcilePod(t, r)
			g.Expect(err != nil).To(Equal(test.fails))
			g.Expect(result.RequeueAfter).To(Equal(test.retry))
			_, _ = reconcilePod(t, r) // The cache does not show the mark yet.
			g.Expect(*marks).To(Equal(test.marks))
		})
	}
}

// A pod that awaits no word has no follower, and is not marked.
func TestWhichPodsAreFollowed(t *testing.T) {
	job := wrappers.Job("ns", "j").Word("finished").Obj()
	pod := func() *wrappers.PodWrapper { return wrappers.Pod(job, "a", "h1") }
	terminating := pod().Terminating()
	terminating.Finalizers = []string{"example.com/keep"}
	for name, objects := range map[string][]client.Object{
		"its Job is gone":     {pod().Obj()},
		"the pod is gone":     {job},
		"it is marked":        {job, pod().Completed().Obj()},
		"it is being stopped": {job, terminating.Obj()},
		"it is in Exit mode":  {job, pod().Exit("one").Obj()},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			r, marks := reconcilerOf(t, nil, objects...)
			g.Expect(reconcilePod(t, r)).To(BeZero())
			g.Expect(*marks).To(BeZero())
			g.Expect(r.followers.pods).To(BeEmpty())
		})
	}
}
