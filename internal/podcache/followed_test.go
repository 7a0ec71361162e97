package podcache

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

func TestWhatTheTerminatorKeeps(t *testing.T) {
	g, at := NewWithT(t), metav1.NewTime(time.Unix(1e9, 0))
	pod := wrappers.Pod(wrappers.Job("ns", "j").Obj(), "a", "h").Asks(99).Restarted(v1beta1.ContainerName, 1, 1, "dropped").Real(1).Obj()
	pod.Status.ContainerStatuses[0].LastTerminationState.Terminated.ContainerID = "earlier"
	pod.Annotations[v1beta1.AnnotationOutputBytes] = "99"
	pod.Spec.Containers = append([]corev1.Container{{Name: "sidecar"}}, pod.Spec.Containers...)
	pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, corev1.ContainerStatus{Name: "sidecar", ContainerID: "dropped"})
	pod.Status.Conditions = append(pod.Status.Conditions, corev1.PodCondition{
		Type: v1beta1.PodCompleted, Status: corev1.ConditionFalse, Reason: v1beta1.ReasonLogRotated, Message: "dropped", LastTransitionTime: at,
	})
	kept := Followed(pod)
	g.Expect(kept.Labels).To(Equal(v1beta1.PodLabels("j")))
	g.Expect([]any{kept.Name, kept.Namespace, kept.UID, kept.ResourceVersion, kept.Spec.NodeName}).To(
		Equal([]any{pod.Name, pod.Namespace, pod.UID, pod.ResourceVersion, pod.Spec.NodeName}))
	g.Expect(v1beta1.PodOutputBytes(kept)).To(Equal(99))
	g.Expect(v1beta1.PodCompletesByLog(&kept.Spec)).To(BeTrue())
	g.Expect(v1beta1.LogContainerName(&kept.Spec)).To(Equal(v1beta1.ContainerName))
	g.Expect(kept.Status.Conditions).To(Equal([]corev1.PodCondition{{
		Type: v1beta1.PodCompleted, Status: corev1.ConditionFalse, Reason: v1beta1.ReasonLogRotated, LastTransitionTime: at,
	}}))
	g.Expect(kept.Status.ContainerStatuses).To(HaveLen(1))
	status, full := kept.Status.ContainerStatuses[0], pod.Status.ContainerStatuses[0]
	g.Expect(status.ContainerID).To(Equal(full.ContainerID))
	g.Expect(status.State).To(Equal(full.State))
	g.Expect(status.LastTerminationState.Terminated.ContainerID).To(Equal("earlier"))
	data, err := json.Marshal(kept)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(data)).NotTo(ContainSubstring("dropped"))
}

func TestAMarkedPodHasNoRuns(t *testing.T) {
	g := NewWithT(t)
	kept := Followed(wrappers.Pod(wrappers.Job("ns", "j").Obj(), "a", "h").Real(1).Completed().Obj())
	g.Expect(v1beta1.PodIsCompleted(kept)).To(BeTrue())
	g.Expect(kept.Status.ContainerStatuses).To(BeEmpty())
}

func TestAPodWithTooManyContainersStaysOne(t *testing.T) {
	g, pod := NewWithT(t), wrappers.Pod(wrappers.Job("ns", "j").Obj(), "a", "h").Obj()
	for i := range plan.MaxContainers {
		pod.Spec.InitContainers = append(pod.Spec.InitContainers, corev1.Container{Name: fmt.Sprint(i)})
	}
	g.Expect(plan.ExceedsBounds(pod)).To(BeTrue())
	g.Expect(plan.ExceedsBounds(Followed(pod))).To(BeTrue())
	pod.Spec.InitContainers = pod.Spec.InitContainers[1:]
	g.Expect(plan.ExceedsBounds(Followed(pod))).To(BeFalse())
}

// Jobs come and go, and those that are remembered are bounded.
func TestPodsOfAJobShareTheirLabels(t *testing.T) {
	g := NewWithT(t)
	for i := range 3 * maxSets {
		job := wrappers.Job("ns", fmt.Sprint("j", i)).Obj()
		g.Expect(labelsOf(wrappers.Pod(job, "a", "h").Obj())).To(Equal(v1beta1.PodLabels(job.Name)))
	}
	g.Expect(len(labelSets.seen)).To(BeNumerically("<=", maxSets))
}
