package job

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// BenchmarkUngatePatch lets an API server ungate one pod after the other, by the patch that the
// manager sends and by others. An empty patch changes nothing: it is what any patch costs.
func BenchmarkUngatePatch(b *testing.B) {
	wrappers.RequireAssets(b)
	g, env := NewWithT(b), &envtest.Environment{}
	config, err := env.Start()
	g.Expect(err).NotTo(HaveOccurred())
	b.Cleanup(func() { _ = env.Stop() })
	config.QPS = -1
	api, err := client.New(config, client.Options{})
	g.Expect(err).NotTo(HaveOccurred())
	patches := map[string]func(pod *corev1.Pod) client.Patch{
		"strategic merge patch": func(pod *corev1.Pod) client.Patch { return ungatePatch(pod.UID, time.Now()) },
		"JSON merge patch": func(pod *corev1.Pod) client.Patch {
			return client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"metadata":{"uid":%q,"resourceVersion":%q,"annotations":{%q:"now"}},"spec":{"schedulingGates":null}}`,
				pod.UID, pod.ResourceVersion, v1beta1.AnnotationUngatedAt))
		},
		"empty": func(pod *corev1.Pod) client.Patch {
			return client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"metadata":{"uid":%q}}`, pod.UID))
		},
	}
	for name, patch := range patches {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				pod := &corev1.Pod{
					ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, GenerateName: "gated-", Labels: v1beta1.PodLabels("j")},
					Spec: corev1.PodSpec{
						SchedulingGates: []corev1.PodSchedulingGate{{Name: v1beta1.SchedulingGate}},
						Containers:      []corev1.Container{{Name: "work", Image: "example.com/work:v1"}},
					},
				}
				g.Expect(api.Create(b.Context(), pod)).To(Succeed())
				ungated := pod.DeepCopy()
				b.StartTimer()
				err := api.Patch(b.Context(), ungated, patch(pod), client.FieldOwner(v1beta1.ManagerFieldOwner))
				if err != nil || name != "empty" && len(ungated.Spec.SchedulingGates) > 0 {
					b.Fatalf("%v, gates %v", err, ungated.Spec.SchedulingGates)
				}
			}
		})
	}
}
