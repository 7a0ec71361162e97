package job_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

var _ = Describe("the nodes that the short form selects", func() {
	var ns string
	BeforeEach(func() { ns = newNamespace() })

	blockedMessage := func(j *v1beta1.Job) func() (string, error) {
		return func() (string, error) {
			s, err := status(j)()
			if err != nil {
				return "", err
			}
			return meta.FindStatusCondition(s.Conditions, v1beta1.JobBlocked).Message, nil
		}
	}

	It("are those of its pool, and tainted ones once it tolerates the taint", func() {
		j := create(wrappers.Job(ns, "pool").NodeSelector("pool", ns))
		Eventually(condition(j, v1beta1.JobBlocked)).Should(Equal("True NoMatchingNode"))
		Expect(blockedMessage(j)()).To(ContainSubstring("see its nodeSelector and tolerations, and the nodes' taints"))

		addNodes(ns, "a", "b")
		tainted := &corev1.Node{}
		Expect(k8s.Get(ctx, client.ObjectKey{Name: ns + "-b"}, tainted)).To(Succeed())
		tainted.Spec.Taints = []corev1.Taint{{Key: "pool", Value: ns, Effect: corev1.TaintEffectNoSchedule}}
		Expect(k8s.Update(ctx, tainted)).To(Succeed())
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseRunning, "0/1"))

		change(j, func(spec *v1beta1.JobSpec) {
			spec.Tolerations = []corev1.Toleration{{Key: "pool", Operator: corev1.TolerationOpExists}}
		})
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseRunning, "0/2"))
		finish(ns, "pool", "a")
		finish(ns, "pool", "b")
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseComplete, "2/2"))
	})

	DescribeTable("say why the API server refuses them", func(name string, selects func(*wrappers.JobWrapper), message string) {
		w := wrappers.Job(ns, name)
		selects(w)
		j := create(w)
		Eventually(condition(j, v1beta1.JobBlocked)).Should(Equal("True DaemonSetRefused"))
		Expect(blockedMessage(j)()).To(ContainSubstring(message))
	},
		Entry("by a value that no label has", "value", func(w *wrappers.JobWrapper) { w.NodeSelector("pool", "a b") }, "spec.template.spec.nodeSelector"),
		Entry("by a key that no label has", "key", func(w *wrappers.JobWrapper) { w.NodeSelector("a/b/c", "") }, "spec.template.spec.nodeSelector"),
		Entry("by an unknown operator", "operator", func(w *wrappers.JobWrapper) {
			w.Tolerations(corev1.Toleration{Key: "pool", Operator: "Is"})
		}, "spec.template.spec.tolerations[0].operator"),
		Entry("by a value where any is tolerated", "any", func(w *wrappers.JobWrapper) {
			w.Tolerations(corev1.Toleration{Key: "pool", Operator: corev1.TolerationOpExists, Value: "gpu"})
		}, "spec.template.spec.tolerations[0]"),
	)
})
