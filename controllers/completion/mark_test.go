package completion

import (
	"context"
	"encoding/json"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// marked returns what the terminator writes into the pod.
func marked(t *testing.T, pod *corev1.Pod, output string) *corev1.Pod {
	t.Helper()
	g, sent := NewWithT(t), &corev1.Pod{}
	cluster := fake.NewClientBuilder().WithInterceptorFuncs(interceptor.Funcs{
		SubResourcePatch: func(_ context.Context, _ client.Client, _ string, o client.Object, patch client.Patch, _ ...client.SubResourcePatchOption) error {
			data, err := patch.Data(o)
			g.Expect(err).NotTo(HaveOccurred())
			return json.Unmarshal(data, sent)
		},
	}).Build()
	r := New(cluster, nil, clock.RealClock{}, Options{MaxLogStreams: 1})
	g.Expect(r.mark(t.Context(), pod, target{word: "done"}, output)).To(Succeed())
	return sent
}

// The pod may be replaced by another one of its name before it is marked.
func TestTheMarkCarriesTheUIDOfThePod(t *testing.T) {
	pod := wrappers.Pod(wrappers.Job("ns", "j").Obj(), "a", "h1").Obj()
	NewWithT(t).Expect(marked(t, pod, "").UID).To(Equal(pod.UID))
}

// The reason tells an output from the sentence that earlier versions read past.
func TestTheMarkCarriesTheOutput(t *testing.T) {
	g, pod := NewWithT(t), wrappers.Pod(wrappers.Job("ns", "j").Obj(), "a", "h1").Asks(99).Obj()
	plain, output := marked(t, pod, "").Status.Conditions[0], marked(t, pod, `{"kernel":"6.8"}`).Status.Conditions[0]
	g.Expect([]string{plain.Reason, plain.Message}).To(Equal([]string{"WordLogged", `the container logged the termination word "done"`}))
	g.Expect([]string{output.Reason, output.Message}).To(Equal([]string{"OutputLogged", `{"kernel":"6.8"}`}))
	for _, c := range []corev1.PodCondition{plain, output} {
		pod.Status.Conditions = []corev1.PodCondition{c}
		g.Expect(v1beta1.PodIsCompleted(pod)).To(BeTrue())
		g.Expect(plan.ReadPod(pod).Output).To(Equal(map[bool]string{true: output.Message}[c.Reason == output.Reason]))
	}
}
