package completion_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/controllers/completion"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

var _ = Describe("the report of a rotated log", func() {
	It("is withdrawn after the container was started again, and kept otherwise", func() {
		ns := newNamespace()
		job := wrappers.Job(ns, "j").Obj()
		Expect(k8s.Create(ctx, job)).To(Succeed())
		reported := metav1.NewTime(time.Now().Add(-time.Minute))
		report := func(name string, started time.Time) *corev1.Pod {
			pod := running(job, name)
			pod.Status.Conditions = []corev1.PodCondition{
				{Type: v1beta1.PodCompleted, Status: corev1.ConditionFalse, Reason: v1beta1.ReasonLogRotated, LastTransitionTime: reported},
				{Type: corev1.ContainersReady, Status: corev1.ConditionTrue},
			}
			pod.Status.ContainerStatuses[0].State.Running.StartedAt = metav1.NewTime(started)
			Expect(k8s.Status().Update(ctx, pod)).To(Succeed())
			return pod
		}
		kept, again := report("kept", reported.Add(-time.Minute)), report("again", reported.Add(30*time.Second))
		conditions := func(pod *corev1.Pod) func() ([]corev1.PodCondition, error) {
			return func() ([]corev1.PodCondition, error) {
				err := k8s.Get(ctx, client.ObjectKeyFromObject(pod), pod)
				return pod.Status.Conditions, err
			}
		}
		startTerminator(completion.Options{Word: "done", MaxLogStreams: 10})
		Eventually(conditions(again)).Should(HaveExactElements(HaveField("Type", corev1.ContainersReady)))
		Consistently(conditions(kept)).Should(HaveLen(2))
		kubelet.log(ns, "kept").say("done")
		Eventually(completed(kept)).Should(BeTrue())
	})
})
