package plan

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// What blocks a Job is what its own pods say that are to do the work.
func TestWhichPodsBlockAJob(t *testing.T) {
	const work = v1beta1.ContainerName
	waiting := func(w *wrappers.PodWrapper) *wrappers.PodWrapper {
		return w.Waiting(work, "ImagePullBackOff", "no such image")
	}
	preempting := pod("a").Unschedulable("no room")
	preempting.Pod.Status.NominatedNodeName = "a"
	for name, test := range map[string]struct {
		pod     *wrappers.PodWrapper
		blocked string
	}{
		"its pod waits":           {waiting(pod("a")), v1beta1.ReasonPodsWaiting},
		"of an earlier template":  {waiting(wrappers.Pod(aJob, "a", "h0")), ""},
		"it is being stopped":     {waiting(pod("a")).Terminating(), ""},
		"it gets another's place": {preempting, ""},
		"it starts slowly":        {startingFor(59), ""},
		"it starts too slowly":    {startingFor(60), v1beta1.ReasonPodsWaiting},
	} {
		t.Run(name, func(t *testing.T) {
			s := stateWith(job(), daemonSet(1, 1), test.pod)
			tally := s.tally()
			status, _ := newStatus(&s, &tally, removal{})
			NewWithT(t).Expect(status.Blocked).To(Equal(test.blocked))
		})
	}
}

// A slot that another owner's pod holds is not said to be of a pod that is stopped.
func TestSlotsAreTakenByPodsThatAreBeingStopped(t *testing.T) {
	for stopping, reason := range map[bool]string{false: "", true: v1beta1.ReasonSlotsTaken} {
		t.Run(fmt.Sprintf("stopping %t", stopping), func(t *testing.T) {
			s := stateWith(job().Parallelism("1"), gatedDaemonSet(2, 2), pod("a"), pod("b").Gated())
			s.Pods[0].Owner, s.Pods[0].Terminating, s.Pods[0].DeletionTime = "an-earlier-daemonset", stopping, now.Add(time.Second)
			tally := s.tally()
			NewWithT(t).Expect(s.slotBlocker(&tally).Reason).To(Equal(reason))
		})
	}
}
