package completion

import (
	"context"
	"encoding/json"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// The pod may be replaced by another one of its name before it is marked.
func TestTheMarkCarriesTheUIDOfThePod(t *testing.T) {
	g, sent := NewWithT(t), &metav1.PartialObjectMetadata{}
	cluster := fake.NewClientBuilder().WithInterceptorFuncs(interceptor.Funcs{
		SubResourcePatch: func(_ context.Context, _ client.Client, _ string, o client.Object, patch client.Patch, _ ...client.SubResourcePatchOption) error {
			data, err := patch.Data(o)
			g.Expect(err).NotTo(HaveOccurred())
			return json.Unmarshal(data, sent)
		},
	}).Build()
	pod := wrappers.Pod(wrappers.Job("ns", "j").Obj(), "a", "h1").Obj()
	r := New(cluster, nil, clock.RealClock{}, Options{MaxLogStreams: 1})
	g.Expect(r.mark(t.Context(), pod, target{word: "done"}, "")).To(Succeed())
	g.Expect(sent.UID).To(Equal(pod.UID))
}
