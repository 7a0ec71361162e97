package plan

import (
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// underLimit is the State of a Job with this backoffLimit, and of no pods.
func underLimit(backoffLimit int32) *State {
	return &State{Job: wrappers.Job("ns", "j").BackoffLimit(backoffLimit).Obj(), TemplateHash: hash, DaemonSet: daemonSet(1, 1)}
}

// inPhase is a pod in that phase.
func inPhase(node string, phase corev1.PodPhase) *wrappers.PodWrapper {
	w := pod(node)
	w.Pod.Status.Phase = phase
	return w
}

func TestReadPod(t *testing.T) {
	const work = v1beta1.ContainerName
	tests := map[string]struct {
		pod      *wrappers.PodWrapper
		state    PodState
		restarts int32
		blocker  string
		activity string
	}{
		"log: running":           {pod: pod("a"), state: Active, activity: "running, not ready"},
		"log: running and ready": {pod: pod("a").ContainersReady(), state: Active, activity: "running"},
		"log: marked":            {pod: pod("a").Completed(), state: Succeeded},
		"log: marked, then restarting without end": {pod: pod("a").Completed().Restarted(work, 99, 1, ""), state: Succeeded, restarts: 99, blocker: v1beta1.ReasonEndsAfterWord},
		"log: marked, then evicted":                {pod: pod("a").Completed().Evicted(), state: Succeeded},
		"log: evicted":                             {pod: pod("a").Evicted(), state: Lost, blocker: "Evicted", activity: "Evicted: the node was low on memory"},
		"log: ended as a whole":                    {pod: inPhase("a", corev1.PodSucceeded), state: Lost, blocker: "PodFailed"},
		"log: held":                                {pod: pod("a").Gated(), state: Gated, activity: "waiting for its turn"},
		"log: unschedulable":                       {pod: pod("a").Unschedulable("no room"), state: Active, blocker: "Unschedulable", activity: "Unschedulable: no room"},
		"log: restarted as often as it may":        {pod: pod("a").Restarted(work, 2, 1, "oops"), state: Active, restarts: 2, blocker: crashLoop},
		"log: restarted too often":                 {pod: pod("a").Restarted(work, 3, 1, "oops"), state: Failed, restarts: 3, blocker: crashLoop},
		"log: failed once, now ended with 0":       {pod: pod("a").Ended(work, 0), state: Active, activity: "running, not ready"},
		"log: ended with 0 and started again":      {pod: pod("a").Restarted(work, 1, 0, ""), state: Active, restarts: 1, blocker: v1beta1.ReasonExitedWithoutWord},
		"log: ended with 0 too often":              {pod: pod("a").Restarted(work, 3, 0, ""), state: Failed, restarts: 3, blocker: v1beta1.ReasonExitedWithoutWord},
		"log: image not there":                     {pod: pod("a").Waiting(work, "ImagePullBackOff", "no such image"), state: Active, blocker: "ImagePullBackOff", activity: "ImagePullBackOff: no such image"},
		"log: being created":                       {pod: pod("a").Waiting(work, "ContainerCreating", ""), state: Active, activity: "pending"},
		"log: backing off":                         {pod: pod("a").Restarted(work, 1, 7, "").Waiting(work, "CrashLoopBackOff", ""), state: Active, restarts: 1, blocker: "CrashLoopBackOff"},
		"log: being stopped":                       {pod: pod("a").Terminating(), state: Active, activity: "being stopped"},
		"log: a sidecar's restarts do not count":   {pod: pod("a").Sidecar("s", 50), state: Active},
		"exit: at the first of two":                {pod: pod("a").Exit("one", "two"), state: Active},
		"exit: at the second of two":               {pod: pod("a").Exit("one", "two").Ended("one", 0), state: Active},
		"exit: both ended with 0":                  {pod: pod("a").Exit("one", "two").Ended("one", 0).Ended("two", 0), state: Succeeded},
		"exit: one ended badly":                    {pod: pod("a").Exit("one").Ended("one", 3), state: Active},
		"exit: restarts of both together":          {pod: pod("a").Exit("one", "two").Restarted("one", 2, 1, "").Ended("one", 0).Restarted("two", 1, 4, ""), state: Failed, restarts: 3, blocker: crashLoop},
		"exit: recovered after too many restarts":  {pod: pod("a").Exit("one").Restarted("one", 9, 1, "").Ended("one", 0), state: Succeeded, restarts: 9},
		"exit: restarted by reboots":               {pod: pod("a").Exit("one").Restarted("one", 9, 0, ""), state: Active, restarts: 9},
		"exit: the pause container ended":          {pod: pod("a").Exit("one").Ended("one", 0).Restarted(v1beta1.PauseContainerName, 1, 0, ""), state: Succeeded},
		"exit: at its next crash":                  {pod: pod("a").Exit("one").Restarted("one", 2, 1, "").Ended("one", 1), state: Active, restarts: 2, blocker: crashLoop},
		"exit: a sidecar that runs on":             {pod: pod("a").Exit("one").Sidecar("s", 50).Ended("one", 0), state: Succeeded},
		"exit: nothing has started":                {pod: pod("a").Exit("one").Unschedulable("no room"), state: Active, blocker: "Unschedulable"},
		"exit: held":                               {pod: pod("a").Exit("one").Gated(), state: Gated},
		"exit: the pause image is not there":       {pod: pod("a").Exit("one").Ended("one", 0).Waiting(v1beta1.PauseContainerName, "ErrImagePull", ""), state: Succeeded},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			p, s := ReadPod(test.pod.Obj()), underLimit(2)
			g.Expect(s.stateOf(&p)).To(Equal(test.state))
			g.Expect(p.Restarts).To(Equal(test.restarts))
			g.Expect(p.Blocker.Reason).To(Equal(test.blocker))
			g.Expect(p.Node).To(Equal("a"))
			g.Expect(s.upToDate(&p)).To(BeTrue())
			if test.activity != "" {
				g.Expect(p.Activity).To(Equal(test.activity))
			}
		})
	}
}

// Only the resourceVersion may differ.
func TestSaysTheSame(t *testing.T) {
	g, code := NewWithT(t), int32(1)
	p := Pod{Node: "a", ResourceVersion: "1", ExitCode: new(code)}
	later := p
	later.ResourceVersion, later.ExitCode = "2", new(code)
	g.Expect(p.SaysTheSame(later)).To(BeTrue())
	for _, change := range []func(*Pod){
		func(p *Pod) { p.ExitCode = new(int32(2)) },
		func(p *Pod) { p.ExitCode = nil },
		func(p *Pod) { p.State = Succeeded },
	} {
		other := later
		change(&other)
		g.Expect(p.SaysTheSame(other)).To(BeFalse())
		g.Expect(other.SaysTheSame(p)).To(BeFalse())
	}
}

func TestReadPodReadsWhatTheSchedulerSays(t *testing.T) {
	g := NewWithT(t)
	read := func(w *wrappers.PodWrapper, status corev1.ConditionStatus, reason string) Pod {
		w.Pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: status, Reason: reason, LastTransitionTime: metav1.NewTime(now)}}
		return ReadPod(w.Obj())
	}
	bound := read(pod("a"), corev1.ConditionTrue, "")
	g.Expect(bound.ScheduledAt).To(Equal(now))
	g.Expect(bound.Unschedulable).To(BeFalse())
	full := read(pod("a").Unschedulable(""), corev1.ConditionFalse, corev1.PodReasonUnschedulable)
	g.Expect(full.ScheduledAt).To(BeZero())
	g.Expect(full.Unschedulable).To(BeTrue())
	g.Expect(read(pod("a").Unschedulable(""), corev1.ConditionFalse, corev1.PodReasonSchedulerError).Unschedulable).To(BeFalse())
	g.Expect(read(pod("a"), corev1.ConditionFalse, corev1.PodReasonUnschedulable).Unschedulable).To(BeFalse(), "it was bound since")
}

func TestPodOfAnEarlierTemplate(t *testing.T) {
	g := NewWithT(t)
	upToDate := func(p *corev1.Pod) bool {
		read := ReadPod(p)
		return underLimit(0).upToDate(&read)
	}
	g.Expect(upToDate(pod("a").Obj())).To(BeTrue())
	g.Expect(upToDate(wrappers.Pod(aJob, "a", "h0").Obj())).To(BeFalse())
	unlabelled := pod("a").Obj()
	delete(unlabelled.Labels, v1beta1.LabelTemplateHash)
	g.Expect(upToDate(unlabelled)).To(BeFalse())
}

func TestReadPodReadsTheLogContainerOfATemplate(t *testing.T) {
	g := NewWithT(t)
	p := pod("a").Obj()
	p.Spec.Containers = []corev1.Container{{Name: "helper"}, {Name: v1beta1.ContainerName}}
	p.Status.ContainerStatuses = []corev1.ContainerStatus{
		{Name: "helper", RestartCount: 50}, {Name: v1beta1.ContainerName, RestartCount: 1},
	}
	g.Expect(ReadPod(p).Restarts).To(Equal(int32(1)))

	p.Spec.Containers[1].Name, p.Status.ContainerStatuses[1].Name = "other", "other"
	g.Expect(ReadPod(p).Restarts).To(Equal(int32(50)), "the first one is followed when none is called job-container")
}
