//go:build e2e

package e2e

import (
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// exits is a script that appends a line for its run, waits until the test releases the
// node, and exits.
const exits = `echo run >> /basetarget/runs; while [ ! -e /basetarget/go ]; do sleep 0.05; done`

// setTaint adds a taint to a node, or removes it.
func setTaint(node string, tainted bool) {
	GinkgoHelper()
	Expect(retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		n := &corev1.Node{}
		if err := k8s.Get(ctx, client.ObjectKey{Name: node}, n); err != nil {
			return err
		}
		var taints []corev1.Taint
		for _, taint := range n.Spec.Taints {
			if taint.Key != "example.com/draining" {
				taints = append(taints, taint)
			}
		}
		if tainted {
			taints = append(taints, corev1.Taint{Key: "example.com/draining", Effect: corev1.TaintEffectNoSchedule})
		}
		n.Spec.Taints = taints
		return k8s.Update(ctx, n)
	})).To(Succeed())
}

var _ = Describe("an ordinary bad day", Serial, func() {
	var ns string
	BeforeEach(func() { ns = newNamespace() })

	It("is a reboot of a node that is done, which fails nothing", Label("local"), func() {
		requireLocalCluster()
		j := create(shell(ns, "j", exits).Exit().BackoffLimit(0).TTL(600))
		Eventually(runs(ns)).Should(Equal(eachNode("1")))
		letGo(ns, nodes[0])
		Eventually(status(j)).Should(progress(1))
		pod := podOn(j, nodes[0])
		Expect(local.KillSandbox(ctx, nodes[0], string(pod.UID))).To(Succeed())
		Eventually(func() (int32, error) {
			now := &corev1.Pod{}
			err := k8s.Get(ctx, client.ObjectKeyFromObject(pod), now)
			return now.Status.InitContainerStatuses[0].RestartCount, err
		}, "60s").Should(BeNumerically(">", 0), "the kubelet runs the container in a new sandbox")
		Consistently(status(j), "5s").Should(And(HaveField("Failed", BeZero()), HaveField("Phase", v1beta1.PhaseRunning)))
		letGo(ns, nodes[1:]...)
		Eventually(status(j)).Should(And(progress(len(nodes)), HaveField("Phase", v1beta1.PhaseComplete)))
	})

	It("is a reboot in the middle of the work, which starts it again", Label("local"), func() {
		requireLocalCluster()
		j := create(shell(ns, "j", exits).Exit().BackoffLimit(0).TTL(600))
		Eventually(runs(ns)).Should(Equal(eachNode("1")))
		// Work of less than ten seconds cannot be told from work in the new sandbox.
		Consistently(status(j), "15s", "1s").Should(HaveField("Phase", v1beta1.PhaseRunning))
		Expect(local.KillSandbox(ctx, nodes[0], string(podOn(j, nodes[0]).UID))).To(Succeed())
		Eventually(func() (string, error) { return onHost(nodes[0], "wc -l < /host/tmp/"+ns+"/runs") }, "60s").Should(Equal("2\n"))
		Consistently(status(j), "3s").Should(HaveField("Failed", BeZero()))
		letGo(ns, nodes...)
		Eventually(status(j)).Should(HaveField("Phase", v1beta1.PhaseComplete))
	})

	It("is a taint on a node that is done, whose pod stands for no other node", func() {
		j := create(shell(ns, "j", waits).TTL(600))
		Eventually(runs(ns)).Should(Equal(eachNode("1")))
		letGo(ns, nodes[0])
		Eventually(status(j)).Should(progress(1))
		setTaint(nodes[0], true)
		DeferCleanup(setTaint, nodes[0], false)
		Eventually(status(j)).Should(HaveField("Completed", fmt.Sprintf("0/%d", len(nodes)-1)))
		// The eviction API removes the pod of a node that is at work.
		victim := podOn(j, nodes[1])
		Expect(k8s.SubResource("eviction").Create(ctx, victim, &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: victim.Name, Namespace: ns}})).To(Succeed())
		Consistently(status(j), "3s").Should(HaveField("Phase", v1beta1.PhaseRunning))
		letGo(ns, nodes[1:]...)
		Eventually(status(j), "60s").Should(And(HaveField("Phase", v1beta1.PhaseComplete), HaveField("Completed", fmt.Sprintf("%[1]d/%[1]d", len(nodes)-1))))
	})

	It("is a DaemonSet deleted by hand under parallelism, which two pods never share", func() {
		// The work ignores that it is to stop, and takes its whole grace period.
		script := `trap '' TERM; mkdir -p /basetarget; echo run >> /basetarget/runs; i=0
while [ ! -e /basetarget/go ] && [ $i -lt 100 ]; do echo "$(date +%s)" > /basetarget/alive; sleep 0.1; i=$((i+1)); done
rm -f /basetarget/alive; echo done; while true; do sleep 0.2; done`
		j := create(shell(ns, "j", script).Parallelism("1").TTL(600))
		Eventually(status(j)).Should(HaveField("Active", int32(1)))
		ds := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: v1beta1.DaemonSetName("j")}}
		atWork := func() (int, error) {
			n := 0
			for _, node := range nodes {
				out, err := onHost(node, "test -e /host/tmp/"+ns+"/alive && echo yes || true")
				if err != nil {
					return 0, err
				}
				if out != "" {
					n++
				}
			}
			return n, nil
		}
		Eventually(atWork, "30s").Should(Equal(1))
		Expect(k8s.Delete(ctx, ds)).To(Succeed())
		Eventually(blocked(j)).Should(HavePrefix(v1beta1.ReasonPredecessorStopping))
		Consistently(atWork, "5s", "200ms").Should(BeNumerically("<=", 1))
		letGo(ns, nodes...)
		Eventually(status(j), "120s").Should(HaveField("Phase", v1beta1.PhaseComplete))
	})
})
