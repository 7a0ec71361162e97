package plan

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// withSandbox sets the condition whose transition moves with the pod's sandbox, and when
// the container that ended last was started, in seconds after it.
func withSandbox(w *wrappers.PodWrapper, status corev1.ConditionStatus, started *time.Duration) *wrappers.PodWrapper {
	w.Pod.Status.Conditions = append(w.Pod.Status.Conditions, corev1.PodCondition{
		Type: corev1.PodReadyToStartContainers, Status: status, LastTransitionTime: metav1.NewTime(now),
	})
	for _, statuses := range [][]corev1.ContainerStatus{w.Pod.Status.InitContainerStatuses, w.Pod.Status.ContainerStatuses} {
		for i := range statuses {
			if end := statuses[i].LastTerminationState.Terminated; end != nil && started != nil {
				end.StartedAt = metav1.NewTime(now.Add(*started))
			}
		}
	}
	return w
}

// ifTrue returns the Blocker, or none.
func ifTrue(blocked bool, blocker Blocker) Blocker {
	if blocked {
		return blocker
	}
	return Blocker{}
}

// A restart is a failure only if the work failed, in the pod's present sandbox.
func TestAnEndBelongsToItsSandbox(t *testing.T) {
	const work = v1beta1.ContainerName
	seconds := func(n time.Duration) *time.Duration { return new(n * time.Second) }
	for name, test := range map[string]struct {
		status  corev1.ConditionStatus
		started *time.Duration
		failed  bool
	}{
		"a crash":                             {corev1.ConditionTrue, seconds(5), true},
		"a reboot":                            {corev1.ConditionTrue, seconds(-60), false},
		"older kubelets set it a bit later":   {corev1.ConditionTrue, seconds(-10), true},
		"later than clocks can differ":        {corev1.ConditionTrue, seconds(-11), false},
		"the end of a container that is lost": {corev1.ConditionTrue, nil, false},
		"its sandbox is being made":           {corev1.ConditionFalse, seconds(-60), true},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			failed := ReadPod(withSandbox(pod("a").Restarted(work, 1, 3, ""), test.status, test.started).Obj())
			g.Expect(failed.WorkFailed).To(Equal(test.failed))
			exited := ReadPod(withSandbox(pod("a").Restarted(work, 1, 0, ""), test.status, test.started).Obj())
			g.Expect(exited.Blocker).To(Equal(ifTrue(test.failed, Blocker{v1beta1.ReasonExitedWithoutWord, exitedWithoutWord})))
			marked := ReadPod(withSandbox(pod("a").Completed().Restarted(work, 1, 0, ""), test.status, test.started).Obj())
			g.Expect(marked.Blocker).To(Equal(ifTrue(test.failed, Blocker{v1beta1.ReasonEndsAfterWord, endsAfterWord})))
		})
	}
}

// The kubelet runs a container again whose child was killed for its memory, although it
// exited with code 0.
func TestAnOOMKillIsAFailure(t *testing.T) {
	g := NewWithT(t)
	w := pod("a").Exit("one").Ended("one", 0)
	w.Pod.Status.InitContainerStatuses[0].State.Terminated.Reason = oomKilled
	read := ReadPod(w.Obj())
	g.Expect(read.State).To(Equal(Active))
	g.Expect(read.WorkFailed).To(BeTrue())
}

// The rule about the word is the followed container's alone.
func TestAnInitContainerNeedsNoWord(t *testing.T) {
	w := pod("a")
	w.Spec.InitContainers = []corev1.Container{{Name: "init"}}
	w.Pod.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "init"}}
	read := ReadPod(w.Restarted("init", 9, 1, "").Ended("init", 0).Obj())
	NewWithT(t).Expect(read.WorkFailed).To(BeFalse())
	NewWithT(t).Expect(read.Blocker).To(BeZero())
}

// Only a pod that never ran anything can give its place away.
func TestHasStarted(t *testing.T) {
	const work = v1beta1.ContainerName
	g := NewWithT(t)
	started := func(w *wrappers.PodWrapper) bool { return ReadPod(w.Obj()).Started }
	creating := func() *wrappers.PodWrapper { return pod("a").Waiting(work, "ContainerCreating", "") }
	restarted := creating()
	restarted.Pod.Status.ContainerStatuses[0].RestartCount = 1
	g.Expect(started(creating())).To(BeFalse())
	g.Expect(started(pod("a").Gated())).To(BeFalse())
	g.Expect(started(pod("a"))).To(BeTrue())
	g.Expect(started(pod("a").Ended(work, 0))).To(BeTrue())
	g.Expect(started(pod("a").Restarted(work, 0, 1, "").Waiting(work, "CrashLoopBackOff", ""))).To(BeTrue())
	g.Expect(started(restarted)).To(BeTrue(), "the kubelet has lost how it ended")
	g.Expect(started(pod("a").Exit("one"))).To(BeTrue(), "an init container runs")
}
