package completion_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/controllers/completion"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

var _ = Describe("outputs", func() {
	var job *v1beta1.Job
	BeforeEach(func() {
		job = wrappers.Job(newNamespace(), "j").Obj()
		Expect(k8s.Create(ctx, job)).To(Succeed())
		startTerminator(completion.Options{Word: "done", MaxLogStreams: 100})
	})

	// asking creates a running pod that asks for so many bytes.
	asking := func(name string, bytes int) *corev1.Pod {
		pod := wrappers.Pod(job, "node-1", "h1")
		if bytes > 0 {
			pod.Asks(bytes)
		}
		return start(pod.Obj(), name)
	}
	mark := func(pod *corev1.Pod) func() (corev1.PodCondition, error) {
		return func() (corev1.PodCondition, error) {
			now := &corev1.Pod{}
			err := k8s.Get(ctx, client.ObjectKeyFromObject(pod), now)
			for _, c := range now.Status.Conditions {
				if c.Type == v1beta1.PodCompleted {
					c.LastTransitionTime.Reset()
					return c, err
				}
			}
			return corev1.PodCondition{}, err
		}
	}

	DescribeTable("come with the mark, if the pod asks for them", func(bytes int, line, reason, message string) {
		pod := asking("p", bytes)
		kubelet.log(job.Namespace, "p").say(line)
		Eventually(mark(pod)).Should(And(HaveField("Status", corev1.ConditionTrue), HaveField("Reason", reason), HaveField("Message", message)))
	},
		Entry("JSON", 99, `done {"kernel":"6.8"}`, "OutputLogged", `{"kernel":"6.8"}`),
		Entry("not asked for", 0, `done {"kernel":"6.8"}`, "WordLogged", `the container logged the termination word "done"`),
		Entry("nothing after the word", 99, `all done`, "WordLogged", `the container logged the termination word "done"`),
		Entry("NUL and what is not UTF-8", 99, "done \x00a\xffb\x1b[31mc", "OutputLogged", "?a?bc"),
		Entry("10 MB", 4096, "done "+strings.Repeat("0123456789", 1<<20), "OutputLogged", strings.Repeat("0123456789", 410)[:4096]),
		Entry("cut between characters", 5, "done ééééé", "OutputLogged", "éé"),
	)

	It("are read again when a stream was cut", func() {
		pod := asking("p", 99)
		log := kubelet.log(job.Namespace, "p")
		log.say("line")
		Eventually(log.streams).Should(BeNumerically(">", 0))
		log.cutStreams()
		log.say("done 6.8")
		Eventually(mark(pod)).Should(HaveField("Message", "6.8"))
	})
})
