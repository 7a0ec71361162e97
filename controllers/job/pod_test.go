package job

import (
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

const hash = "h1"

var aJob = wrappers.Job("ns", "j").UID("j-uid").Generation(1).Obj()

// pod is a running pod of aJob on a node.
func pod(observedPod string) *wrappers.PodWrapper { return wrappers.Pod(aJob, observedPod, hash) }

func TestObserveNode(t *testing.T) {
	const work = v1beta1.ContainerName
	tests := map[string]struct {
		pod      *wrappers.PodWrapper
		state    podState
		slot     bool
		restarts int32
		Blocker  string
		activity string
	}{
		"log: running":                            {pod: pod("a"), state: active, slot: true, activity: "running, not ready"},
		"log: running and ready":                  {pod: pod("a").ContainersReady(), state: active, slot: true, activity: "running"},
		"log: marked":                             {pod: pod("a").Completed(), state: succeeded},
		"log: marked, then restarting for ever":   {pod: pod("a").Completed().Restarted(work, 99, 1, ""), state: succeeded, restarts: 99},
		"log: marked, then evicted":               {pod: pod("a").Completed().Evicted(), state: succeeded},
		"log: evicted":                            {pod: pod("a").Evicted(), state: lost, Blocker: "Evicted", activity: "Evicted: the node was low on memory"},
		"log: held":                               {pod: pod("a").Gated(), state: gated, activity: "waiting for its turn"},
		"log: unschedulable":                      {pod: pod("a").Unschedulable("no room"), state: active, slot: true, Blocker: "Unschedulable", activity: "Unschedulable: no room"},
		"log: restarted as often as it may":       {pod: pod("a").Restarted(work, 2, 1, "oops"), state: active, slot: true, restarts: 2, activity: "running, not ready"},
		"log: restarted too often":                {pod: pod("a").Restarted(work, 3, 1, "oops"), state: failed, restarts: 3, activity: "running, not ready"},
		"log: failed once, now ended with 0":      {pod: pod("a").Ended(work, 0), state: active, slot: true, activity: "running, not ready"},
		"log: ended with 0 and started again":     {pod: pod("a").Restarted(work, 1, 0, ""), state: active, slot: true, restarts: 1, Blocker: v1beta1.ReasonExitedWithoutWord},
		"log: ended with 0 too often":             {pod: pod("a").Restarted(work, 3, 0, ""), state: failed, restarts: 3, Blocker: v1beta1.ReasonExitedWithoutWord},
		"log: image not there":                    {pod: pod("a").Waiting(work, "ImagePullBackOff", "no such image"), state: active, slot: true, Blocker: "ImagePullBackOff", activity: "ImagePullBackOff: no such image"},
		"log: being created":                      {pod: pod("a").Waiting(work, "ContainerCreating", ""), state: active, slot: true, activity: "pending"},
		"log: backing off":                        {pod: pod("a").Restarted(work, 1, 7, "").Waiting(work, "CrashLoopBackOff", ""), state: active, slot: true, restarts: 1, Blocker: "CrashLoopBackOff"},
		"log: being stopped":                      {pod: pod("a").Terminating(), state: active, slot: true, activity: "being stopped"},
		"log: a sidecar's restarts do not count":  {pod: pod("a").Sidecar("s", 50), state: active, slot: true},
		"exit: at the first of two":               {pod: pod("a").Exit("one", "two"), state: active, slot: true},
		"exit: at the second of two":              {pod: pod("a").Exit("one", "two").Ended("one", 0), state: active, slot: true},
		"exit: both ended with 0":                 {pod: pod("a").Exit("one", "two").Ended("one", 0).Ended("two", 0), state: succeeded},
		"exit: one ended badly":                   {pod: pod("a").Exit("one").Ended("one", 3), state: active, slot: true},
		"exit: restarts of both together":         {pod: pod("a").Exit("one", "two").Restarted("one", 2, 1, "").Ended("one", 0).Restarted("two", 1, 4, ""), state: failed, restarts: 3},
		"exit: recovered after too many restarts": {pod: pod("a").Exit("one").Restarted("one", 9, 1, "").Ended("one", 0), state: succeeded, restarts: 9},
		"exit: a sidecar that runs on":            {pod: pod("a").Exit("one").Sidecar("s", 50).Ended("one", 0), state: succeeded},
		"exit: nothing has started":               {pod: pod("a").Exit("one").Unschedulable("no room"), state: active, slot: true, Blocker: "Unschedulable"},
		"exit: held":                              {pod: pod("a").Exit("one").Gated(), state: gated},
		"exit: the pause image is not there":      {pod: pod("a").Exit("one").Ended("one", 0).Waiting(v1beta1.PauseContainerName, "ErrImagePull", ""), state: succeeded},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			n := observePod(test.pod.Obj(), hash, 2)
			g.Expect(n.state).To(Equal(test.state))
			g.Expect(n.takesSlot()).To(Equal(test.slot))
			g.Expect(n.restarts).To(Equal(test.restarts))
			g.Expect(n.Blocker.reason).To(Equal(test.Blocker))
			g.Expect(n.name).To(Equal("a"))
			g.Expect(n.upToDate).To(BeTrue())
			if test.activity != "" {
				g.Expect(n.activity).To(Equal(test.activity))
			}
		})
	}
}

func TestObserveNodeOfAnEarlierTemplate(t *testing.T) {
	g := NewWithT(t)
	g.Expect(observePod(wrappers.Pod(aJob, "a", "h0").Obj(), hash, 0).upToDate).To(BeFalse())
	unlabelled := pod("a").Obj()
	delete(unlabelled.Labels, v1beta1.LabelTemplateHash)
	g.Expect(observePod(unlabelled, hash, 0).upToDate).To(BeFalse())
}

func TestObserveNodeReadsTheLogContainerOfATemplate(t *testing.T) {
	g := NewWithT(t)
	p := pod("a").Obj()
	p.Spec.Containers = []corev1.Container{{Name: "helper"}, {Name: v1beta1.ContainerName}}
	p.Status.ContainerStatuses = []corev1.ContainerStatus{
		{Name: "helper", RestartCount: 50}, {Name: v1beta1.ContainerName, RestartCount: 1},
	}
	g.Expect(observePod(p, hash, 2).restarts).To(Equal(int32(1)))

	p.Spec.Containers[1].Name, p.Status.ContainerStatuses[1].Name = "other", "other"
	g.Expect(observePod(p, hash, 2).restarts).To(Equal(int32(50)), "the first one is followed when none is called job-container")
}
