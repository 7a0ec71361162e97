package podcache

import (
	"fmt"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// hostile is a pod that is as large as it gets, and larger than the API server accepts.
func hostile() *corev1.Pod {
	huge, end := strings.Repeat("x\x1b\n\xff", 1e5), &corev1.ContainerStateTerminated{}
	*end = corev1.ContainerStateTerminated{ExitCode: 1, Reason: huge, Message: huge, ContainerID: huge}
	pod := wrappers.Pod(wrappers.Job("ns", "j").Obj(), "", "h").Unschedulable(huge).Obj()
	pod.UID = types.UID(huge)
	pod.Annotations = map[string]string{v1beta1.AnnotationUngatedAt: huge}
	pod.Finalizers = []string{huge}
	pod.Spec.NodeSelector = map[string]string{huge: huge}
	pod.Status.Phase, pod.Status.Reason, pod.Status.Message, pod.Status.NominatedNodeName = corev1.PodPhase(huge), huge, huge, huge
	for i := range 1000 {
		name := fmt.Sprint(i, huge[:1000])
		pod.Labels[name], pod.Annotations[name] = huge[:1000], huge[:1000]
		pod.OwnerReferences = append(pod.OwnerReferences, metav1.OwnerReference{UID: types.UID(huge), Controller: new(true)})
		pod.Spec.SchedulingGates = append(pod.Spec.SchedulingGates, corev1.PodSchedulingGate{Name: name})
		pod.Spec.ReadinessGates = append(pod.Spec.ReadinessGates, corev1.PodReadinessGate{ConditionType: corev1.PodConditionType(name)})
		pod.Spec.InitContainers = append(pod.Spec.InitContainers, corev1.Container{Name: name, RestartPolicy: new(corev1.ContainerRestartPolicy(huge))})
		pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: name, Image: huge})
		pod.Status.Conditions = append(pod.Status.Conditions, corev1.PodCondition{Type: corev1.PodConditionType(name), Message: huge},
			corev1.PodCondition{Type: v1beta1.PodCompleted, Status: corev1.ConditionStatus(huge), Reason: huge, Message: huge})
		status := corev1.ContainerStatus{Name: name, ContainerID: huge,
			State:                corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: huge, Message: huge}},
			LastTerminationState: corev1.ContainerState{Terminated: end}}
		pod.Status.InitContainerStatuses = append(pod.Status.InitContainerStatuses, status)
		pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, status)
	}
	pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms[0].MatchFields[0].Values = []string{huge}
	return pod
}

// textsOf returns how many bytes the strings of a pod have.
func textsOf(p *Pod) int {
	return len(fmt.Sprintf("%+v", p.Pod)) + len(p.shared.Value().job) + len(p.shared.Value().namespace)
}

func TestAHostilePodIsAsSmallAsTheBounds(t *testing.T) {
	g := NewWithT(t)
	for name, pod := range map[string]*corev1.Pod{"many containers": hostile(), "few": func() *corev1.Pod {
		pod := hostile()
		pod.Spec.InitContainers, pod.Status.InitContainerStatuses = nil, nil
		pod.Spec.Containers, pod.Status.ContainerStatuses = pod.Spec.Containers[:2], pod.Status.ContainerStatuses[:2]
		return pod
	}()} {
		kept := Of(pod)
		g.Expect(textsOf(kept)).To(BeNumerically("<", 8<<10), name)
		g.Expect(kept.Size).To(BeNumerically(">", 1<<20), name)
		g.Expect(Followed(pod).Size()).To(BeNumerically("<", 4<<10), name)
		g.Expect(Followed(Followed(pod))).To(Equal(Followed(pod)), name)
	}
	read := Of(hostile())
	g.Expect(read.Blocker.Reason).To(Equal(v1beta1.ReasonTooManyContainers))
	g.Expect(read.State).To(Equal(plan.Active))
	g.Expect(read.WorkFailed).To(BeFalse())
}

func TestOnlyALargePodHasASize(t *testing.T) {
	g, pod := NewWithT(t), wrappers.Pod(wrappers.Job("ns", "j").Obj(), "a", "h").Obj()
	g.Expect(Of(pod).Size).To(BeZero())
	pod.Annotations = map[string]string{"note": strings.Repeat("x", 64<<10)}
	g.Expect(Of(pod).Size).To(BeNumerically("~", 65<<10, 1<<10))
	pod.Annotations["note"] = strings.Repeat("x", 3<<20)
	g.Expect(Of(pod).Size).To(Equal(maxSize))
}

// Whatever the cache keeps must say what the whole pod says.
func TestACachedPodSaysTheSame(t *testing.T) {
	const work = v1beta1.ContainerName
	job, long := wrappers.Job("ns", "j").Obj(), strings.Repeat("0123456789", 1000)
	pod := func() *wrappers.PodWrapper { return wrappers.Pod(job, "a", "h") }
	for name, w := range map[string]*wrappers.PodWrapper{
		"running":       pod().ContainersReady(),
		"real":          pod().Real(7),
		"marked":        pod().Completed(),
		"gated":         pod().Gated(),
		"unschedulable": pod().Unschedulable("no room"),
		"evicted":       pod().Evicted(),
		"restarted":     pod().Restarted(work, 3, 1, "first\nlast"),
		"waiting":       pod().Waiting(work, "ImagePullBackOff", "no such image"),
		"terminating":   pod().Terminating(),
		"exit, sidecar": pod().Exit("one", "two").Sidecar("s", 5).Ended("one", 0),
		"exit, done":    pod().Exit("one").Ended("one", 0),
		"output":        pod().Asks(4096).Logged(long),
		"printed":       pod().Exit("one", "two").Asks(4096).Printed("one", long).Printed("two", long),
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			kept, want := Of(w.Obj()), plan.ReadPod(w.Obj())
			g.Expect(kept.Pod).To(Equal(want))
			g.Expect(kept.SaysTheSame(Of(w.Obj()).Pod)).To(BeTrue())
			g.Expect(kept.Job()).To(Equal(types.NamespacedName{Namespace: "ns", Name: "j"}))
			g.Expect([]any{kept.GetNamespace(), kept.GetName(), kept.GetUID(), kept.GetResourceVersion(), kept.GetLabels()[v1beta1.LabelJob]}).To(
				Equal([]any{w.Namespace, w.Name, w.UID, w.ResourceVersion, "j"}))
			g.Expect(kept.GetDeletionTimestamp().IsZero()).To(Equal(w.DeletionTimestamp.IsZero()))
			g.Expect(kept.GetCreationTimestamp()).To(Equal(w.CreationTimestamp))
			g.Expect(kept.DeepCopyObject()).To(And(Equal(kept), Not(BeIdenticalTo(kept))))
		})
	}
}

func TestTransformsChangeNothingTwice(t *testing.T) {
	g, ds := NewWithT(t), &appsv1.DaemonSet{}
	pod := wrappers.Pod(wrappers.Job("ns", "j").Obj(), "a", "h").Real(1).Obj()
	for _, transform := range []func(any) (any, error){Read, Follow} {
		g.Expect(transform(ds)).To(BeIdenticalTo(ds))
		once, err := transform(pod)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(transform(once)).To(Equal(once))
	}
}
