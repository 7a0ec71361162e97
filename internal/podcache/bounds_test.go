package podcache

import (
	"fmt"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
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
	pod.Annotations = map[string]string{v1beta1.AnnotationUngatedAt: huge}
	pod.Finalizers = []string{huge}
	pod.Spec.NodeSelector = map[string]string{huge: huge}
	pod.Status.Phase, pod.Status.Reason, pod.Status.Message, pod.Status.NominatedNodeName = corev1.PodPhase(huge), huge, huge, huge
	for i := range 1000 {
		name := fmt.Sprint(i, huge[:1000])
		pod.Labels[name], pod.Annotations[name] = huge[:1000], huge[:1000]
		pod.OwnerReferences = append(pod.OwnerReferences, metav1.OwnerReference{UID: types.UID(name), Controller: new(true)})
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

func TestAHostilePodIsAsSmallAsTheBounds(t *testing.T) {
	g := NewWithT(t)
	bounded := Bounded(hostile())
	g.Expect(bounded.Size()).To(BeNumerically("<", 40*1024))
	g.Expect(SizeOf(bounded)).To(BeNumerically(">", 1<<20))
	g.Expect(Bounded(bounded)).To(Equal(bounded))

	read := plan.ReadPod(bounded)
	g.Expect(read.Blocker.Reason).To(Equal(v1beta1.ReasonTooManyContainers))
	g.Expect(read.State).To(Equal(plan.Active))
	g.Expect(read.WorkFailed).To(BeFalse())
}

// A user may set the annotation, which must not make a page large.
func TestTheSizeOfAPodIsBounded(t *testing.T) {
	for text, want := range map[string]int{"9000": 9000, "-1": maxSize, "x": maxSize, "9223372036854775808": maxSize, "2000000000": maxSize} {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{annotationSize: text}}}
		NewWithT(t).Expect(SizeOf(Bounded(pod))).To(Equal(want), text)
	}
}

// Whatever the cache keeps must say what the whole pod says: live lists read the same.
func TestABoundedPodSaysTheSame(t *testing.T) {
	const work = v1beta1.ContainerName
	job := wrappers.Job("ns", "j").Obj()
	pod := func() *wrappers.PodWrapper { return wrappers.Pod(job, "a", "h") }
	many := func(n int) *wrappers.PodWrapper {
		var names []string
		for i := range n - 1 {
			names = append(names, fmt.Sprint("c", i))
		}
		return pod().Exit(names...)
	}
	for name, w := range map[string]*wrappers.PodWrapper{
		"running":          pod().ContainersReady(),
		"marked":           pod().Completed(),
		"gated":            pod().Gated(),
		"unschedulable":    pod().Unschedulable("no room"),
		"evicted":          pod().Evicted(),
		"restarted":        pod().Restarted(work, 3, 1, "first\nlast"),
		"waiting":          pod().Waiting(work, "ImagePullBackOff", "no such image"),
		"terminating":      pod().Terminating(),
		"exit, sidecar":    pod().Exit("one", "two").Sidecar("s", 5).Ended("one", 0),
		"exit, done":       pod().Exit("one").Ended("one", 0),
		"20 containers":    many(20),
		"21 containers":    many(21),
		"long log":         pod().Restarted(work, 3, 1, strings.Repeat("line\n", 999)),
		"21, gated, bound": many(21).Gated(),
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			whole := w.Obj()
			g.Expect(plan.ReadPod(Bounded(whole))).To(Equal(plan.ReadPod(whole)))
		})
	}
	g := NewWithT(t)
	g.Expect(plan.ReadPod(many(20).Obj()).Blocker).To(BeZero())
	g.Expect(plan.ReadPod(many(21).Obj()).Blocker.Reason).To(Equal(v1beta1.ReasonTooManyContainers))
	g.Expect(plan.ReadPod(many(21).Obj()).Started).To(BeTrue())
}

// An output is kept as a whole, in the one place where it is read.
func TestTheOutputOfABoundedPod(t *testing.T) {
	job, long := wrappers.Job("ns", "j").Obj(), strings.Repeat("0123456789", 1000)
	pod := func() *wrappers.PodWrapper { return wrappers.Pod(job, "a", "h") }
	exit := func() *wrappers.PodWrapper { return pod().Exit("one", "two").Sidecar("s", 5) }
	for name, test := range map[string]struct {
		pod  *wrappers.PodWrapper
		want string
	}{
		"logged":                           {pod().Asks(4096).Logged(long), long[:4096]},
		"logged, the container ended":      {pod().Asks(4096).Logged(long).Restarted(v1beta1.ContainerName, 3, 1, long), long[:4096]},
		"logged, not asked for":            {pod().Logged(long), ""},
		"printed":                          {exit().Asks(4096).Printed("one", long).Printed("two", long), long[:4096]},
		"printed, after failures":          {exit().Asks(4096).Restarted("two", 3, 1, long).Printed("one", "").Printed("two", long), long[:4096]},
		"printed, not asked for":           {exit().Printed("one", long).Printed("two", long), ""},
		"printed, one is not done":         {exit().Asks(4096).Restarted("one", 3, 1, long).Printed("two", long), ""},
		"printed, few bytes are asked for": {exit().Asks(5).Printed("one", long).Printed("two", "\x00"+long), "?0123"},
		"binary":                           {exit().Asks(4096).Printed("one", "").Printed("two", strings.Repeat("\x00\xff", 5<<20)), strings.Repeat("?", 4096)},
	} {
		t.Run(name, func(t *testing.T) {
			g, whole := NewWithT(t), test.pod.Obj()
			bounded := Bounded(whole)
			g.Expect(plan.ReadPod(bounded).Output).To(Equal(test.want))
			g.Expect(plan.ReadPod(bounded)).To(Equal(plan.ReadPod(whole)))
			g.Expect(Bounded(bounded)).To(Equal(bounded))
			g.Expect(bounded.Size()).To(BeNumerically("<", 12<<10))
		})
	}
}

// A pod that is as large as it gets, and is done, may hold one more message.
func TestAHostileOutputIsBounded(t *testing.T) {
	g, huge := NewWithT(t), strings.Repeat("x\x1b\n\xff", 1e5)
	var names []string
	for i := range plan.MaxContainers - 1 {
		names = append(names, fmt.Sprint("c", i))
	}
	pod := wrappers.Pod(wrappers.Job("ns", "j").Obj(), "a", "h").Exit(names...).Asks(1 << 30)
	for _, name := range names {
		pod.Printed(name, huge)
	}
	bounded := Bounded(pod.Obj())
	g.Expect(plan.ReadPod(bounded).Output).To(HaveLen(v1beta1.MaxOutputBytes))
	g.Expect(bounded.Size()).To(BeNumerically("<", 40*1024))
}
