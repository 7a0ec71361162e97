package job_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

var _ = Describe("the outputs of nodes", func() {
	var ns string
	BeforeEach(func() { ns = newNamespace() })

	// outputs are those of the Job's pages, by node.
	outputs := func() (map[string]string, error) {
		pages, all := &v1beta1.JobRecordList{}, map[string]string{}
		err := k8s.List(ctx, pages, client.InNamespace(ns))
		for i := range pages.Items {
			for _, entry := range pages.Items[i].Spec.Nodes {
				all[entry.Node[len(ns)+1:]] = entry.Output
			}
		}
		return all, err
	}
	// prints ends the work of a node in Exit mode with this termination message.
	prints := func(node, message string) {
		setStatus(ns, "j", node, func(status *corev1.PodStatus) {
			status.InitContainerStatuses[0].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Message: message}}
		})
	}

	It("are recorded before the verdict, and stay when their page is written again", func() {
		addNodes(ns, "a", "b", "c")
		w := pooled(ns, "j").Exit().MaxFailedNodes("1").BackoffLimit(0)
		w.Spec.Results = &v1beta1.Results{Outputs: v1beta1.OutputsAll, MaxOutputBytes: new(int32(20))}
		j := create(w)
		prints("a", `{"kernel":"6.8"}`)
		Eventually(outputs).Should(Equal(map[string]string{"a": `{"kernel":"6.8"}`}))
		crash(ns, "j", "c", 1, 3, "no space left")
		prints("b", "\x00\xff\x1b[31mred and much more than is wanted")
		Eventually(status(j)).Should(And(phaseAnd(v1beta1.PhaseComplete, "2/3"), HaveField("Records", int32(1))))
		Expect(outputs()).To(Equal(map[string]string{"a": `{"kernel":"6.8"}`, "b": "???[31mred and much", "c": "no space left"}))
	})

	It("are what follows the word in Log mode, of pods that were made to tell it", func() {
		addNodes(ns, "a", "b")
		j := create(pooled(ns, "j"))
		logs := func(node, output string) {
			setStatus(ns, "j", node, func(status *corev1.PodStatus) {
				status.Conditions = append(status.Conditions, corev1.PodCondition{
					Type: v1beta1.PodCompleted, Status: corev1.ConditionTrue, Reason: v1beta1.ReasonOutputLogged, Message: output})
			})
		}
		Eventually(func() error { _, err := podOn(ns, "j", "a"); return err }).Should(Succeed())
		old, err := podOn(ns, "j", "a")
		Expect(err).NotTo(HaveOccurred())
		change(j, func(spec *v1beta1.JobSpec) { spec.Results = &v1beta1.Results{Outputs: v1beta1.OutputsAll} })
		asks := func() (string, error) {
			ds, err := daemonSetOf(j)
			return ds.Spec.Template.Annotations[v1beta1.AnnotationOutputBytes], err
		}
		Eventually(asks).Should(Equal("1024"))
		addNodes(ns, "c")
		logs("a", "old")
		logs("b", "old")
		logs("c", "6.8")
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseComplete, "3/3"))
		Expect(outputs()).To(Equal(map[string]string{"a": "", "b": "", "c": "6.8"}))
		pod, err := podOn(ns, "j", "a")
		Expect(err).NotTo(HaveOccurred())
		Expect(pod.UID).To(Equal(old.UID), "another answer to what is recorded runs nothing again")
	})
})
