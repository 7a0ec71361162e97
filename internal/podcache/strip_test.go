package podcache

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
)

// full returns a pod as the API server sends it. Its values tell which fields Strip
// must keep ("kept") and remove ("dropped").
func full() *corev1.Pod {
	now := metav1.NewTime(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	terminated := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ContainerID: "kept-last", ExitCode: 3, Message: "kept-message"}}
	container := corev1.Container{
		Name: v1beta1.ContainerName, Image: "dropped", Args: []string{"dropped"}, Env: []corev1.EnvVar{{Name: "dropped"}},
		RestartPolicy: new(corev1.ContainerRestartPolicyAlways), VolumeMounts: []corev1.VolumeMount{{Name: "dropped"}},
	}
	status := corev1.ContainerStatus{
		Name: v1beta1.ContainerName, ContainerID: "kept-id", RestartCount: 7, Image: "dropped", ImageID: "dropped",
		LastTerminationState: terminated, State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "keptWaiting"}},
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: "kept-name", Namespace: "kept-namespace", UID: "kept-uid", ResourceVersion: "5",
			Labels: map[string]string{"job": "kept-label", "other": "dropped"}, Annotations: map[string]string{"a": "dropped", v1beta1.AnnotationUngatedAt: "kept-ungated"},
			OwnerReferences:   []metav1.OwnerReference{{UID: "dropped"}, {UID: "kept-owner", Name: "dropped", Kind: "dropped", Controller: new(true)}},
			ManagedFields:     []metav1.ManagedFieldsEntry{{Manager: "dropped"}},
			DeletionTimestamp: &now, CreationTimestamp: now, Finalizers: []string{"dropped"},
		},
		Spec: corev1.PodSpec{
			NodeName: "kept-node", ServiceAccountName: "dropped", Volumes: []corev1.Volume{{Name: "dropped"}},
			ReadinessGates:  []corev1.PodReadinessGate{{ConditionType: "dropped"}, {ConditionType: v1beta1.PodCompleted}},
			SchedulingGates: []corev1.PodSchedulingGate{{Name: "kept-gate"}, {Name: "dropped"}, {Name: v1beta1.SchedulingGate}},
			Tolerations:     []corev1.Toleration{{Key: "dropped"}},
			Containers:      []corev1.Container{container}, InitContainers: []corev1.Container{container},
			Affinity: &corev1.Affinity{
				NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
					NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchFields: []corev1.NodeSelectorRequirement{{Key: "metadata.name", Values: []string{"dropped"}}}}},
				}},
				PodAffinity: &corev1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{TopologyKey: "dropped"}}},
			},
		},
		Status: corev1.PodStatus{
			Phase: corev1.PodRunning, HostIP: "dropped", PodIP: "dropped", Reason: "keptReason", Message: "kept-why", StartTime: &now,
			Conditions: []corev1.PodCondition{
				{Type: "Other", Message: "dropped"},
				{Type: v1beta1.PodCompleted, Status: corev1.ConditionTrue, Message: "kept-condition"},
				{Type: v1beta1.PodCompleted, Message: "dropped"},
			},
			ContainerStatuses: []corev1.ContainerStatus{status}, InitContainerStatuses: []corev1.ContainerStatus{status},
		},
	}
}

func TestStripKeepsOnlyFieldsThatAreRead(t *testing.T) {
	g := NewWithT(t)
	before, err := json.Marshal(full())
	g.Expect(err).NotTo(HaveOccurred())
	stripped, err := Strip(full())
	g.Expect(err).NotTo(HaveOccurred())
	after, err := json.Marshal(stripped)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(before)).To(ContainSubstring("dropped"))
	g.Expect(string(after)).NotTo(ContainSubstring("dropped"))
	g.Expect(strings.Count(string(after), "kept")).To(Equal(strings.Count(string(before), "kept")))

	pod := stripped.(*corev1.Pod)
	g.Expect(v1beta1.PodIsCompleted(pod)).To(BeTrue())
	g.Expect(v1beta1.PodCompletesByLog(&pod.Spec)).To(BeTrue())
	g.Expect(v1beta1.LogContainerName(&pod.Spec)).To(Equal(v1beta1.ContainerName))
	g.Expect(pod.Spec.InitContainers[0].RestartPolicy).To(HaveValue(Equal(corev1.ContainerRestartPolicyAlways)))
	g.Expect(pod.Status.ContainerStatuses[0].RestartCount).To(Equal(int32(7)))
	g.Expect(pod.DeletionTimestamp.IsZero()).To(BeFalse())
	g.Expect(pod.ResourceVersion).To(Equal("5"))
	g.Expect(daemonset.HasGate(&pod.Spec)).To(BeTrue())
	g.Expect(pod.Spec.SchedulingGates).To(HaveLen(2))
	g.Expect(SizeOf(pod)).To(BeZero())
}

func TestStripTwiceIsStripOnce(t *testing.T) {
	g := NewWithT(t)
	once, err := Strip(full())
	g.Expect(err).NotTo(HaveOccurred())
	twice, err := Strip(once)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(twice).To(Equal(once))
}

func TestStripReturnsOtherObjectsUnchanged(t *testing.T) {
	g := NewWithT(t)
	daemonSet := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{"a": "b"}}}
	stripped, err := Strip(daemonSet)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(stripped).To(BeIdenticalTo(daemonSet))
}
