package completion_test

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/controllers/completion"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// deletePods deletes all pods of the cluster.
func deletePods() {
	GinkgoHelper()
	pods := &corev1.PodList{}
	Expect(k8s.List(ctx, pods)).To(Succeed())
	for i := range pods.Items {
		Expect(client.IgnoreNotFound(k8s.Delete(ctx, &pods.Items[i], client.GracePeriodSeconds(0)))).To(Succeed())
	}
}

var _ = Describe("two namespaces", func() {
	var many, few string
	BeforeEach(func() {
		deletePods() // Those of other tests would compete, too.
		many, few = newNamespace(), newNamespace()
		Expect(k8s.Create(ctx, wrappers.Job(few, "j").Obj())).To(Succeed())
	})

	It("take turns, however many Jobs one of them has", func() {
		startTerminator(completion.Options{Word: "done", MaxLogStreams: 1})
		for i := range 15 {
			job := wrappers.Job(many, fmt.Sprint("j", i)).Obj()
			Expect(k8s.Create(ctx, job)).To(Succeed())
			running(job, fmt.Sprint("p", i))
		}
		opened := func() (all int) {
			for i := range 15 {
				all += kubelet.log(many, fmt.Sprint("p", i)).streams()
			}
			return all
		}
		Eventually(opened).Should(BeNumerically(">=", 2), "the logs take turns")
		pod := running(wrappers.Job(few, "j").Obj(), "p")
		kubelet.log(few, "p").say("done")
		before := opened()
		Eventually(completed(pod)).Should(BeTrue())
		Expect(opened()-before).To(BeNumerically("<=", 2), "turns of the other namespace before it")
	})

	It("share what is read, so that the flood of one does not hold the word of the other", func() {
		startTerminator(completion.Options{Word: "done", MaxLogStreams: 10, LogBytesPerSecond: 1 << 20})
		job := wrappers.Job(many, "flood").Obj()
		Expect(k8s.Create(ctx, job)).To(Succeed())
		flood := kubelet.log(many, "flood")
		flood.update(func() { flood.flood = true })
		flooding := running(job, "flood")
		Eventually(flood.openStreams).Should(Equal(1))
		Consistently(flood.streams, 2*time.Second).Should(Equal(1), "a Job that is alone may read all")

		pod := running(wrappers.Job(few, "j").Obj(), "p")
		other := kubelet.log(few, "p")
		Eventually(flood.openStreams).Should(Equal(0), "its turn ends")
		Eventually(flood.openStreams).Should(Equal(1), "its debt is paid")
		Eventually(flood.openStreams).Should(Equal(0))
		other.say("done")
		said := time.Now()
		Eventually(completed(pod)).Should(BeTrue())
		Expect(time.Since(said)).To(BeNumerically("<", time.Second))
		Expect(other.streams()).To(Equal(1), "its own stream stays open")

		Eventually(flood.openStreams).Should(Equal(1))
		flood.update(func() { flood.flood = false })
		flood.say("done")
		Eventually(completed(flooding)).Should(BeTrue())
	})
})
