package plan

import (
	"fmt"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// reasonsOf are the reasons of the events for a Job with these pods.
func reasonsOf(j *wrappers.JobWrapper, pods ...*wrappers.PodWrapper) []string {
	state := stateWith(j, daemonSet(int32(len(pods)), int32(len(pods))), pods...)
	tally := state.tally()
	status, outcome := newStatus(&state, &tally, removal{})
	reasons := []string{}
	for _, event := range eventsFor(&state, &status, outcome) {
		reasons = append(reasons, event.Reason)
	}
	return reasons
}

func TestEvents(t *testing.T) {
	g := NewWithT(t)
	fresh := func() *wrappers.JobWrapper { return job().Status(v1beta1.JobStatus{}) }
	g.Expect(reasonsOf(fresh(), pod("a"))).To(Equal([]string{"Started"}))
	g.Expect(reasonsOf(job(), pod("a"))).To(BeEmpty(), "nothing new")
	g.Expect(reasonsOf(job(), pod("a").Completed())).To(Equal([]string{"Completed"}))
	g.Expect(reasonsOf(fresh().Suspend(true), pod("a").Gated())).To(Equal([]string{v1beta1.ReasonSuspendedByUser}))
	g.Expect(reasonsOf(job().Status(suspendedBy("x")), pod("a"))).To(Equal([]string{v1beta1.ReasonResumed}))
	g.Expect(reasonsOf(job(), pod("a").Unschedulable("no room"))).To(Equal([]string{v1beta1.ReasonPodsWaiting}))
	g.Expect(reasonsOf(job(), crashing("a"))).To(Equal([]string{"NodeFailed", "Failed"}))
	changed := started(10)
	changed.TemplateHash = "h0"
	g.Expect(reasonsOf(job().Status(changed), pod("a"))).To(Equal([]string{"TemplateChanged"}))

	known := started(10)
	known.FailedNodes = []v1beta1.FailedNode{{Node: "a"}}
	g.Expect(reasonsOf(job().MaxFailedNodes("1").Status(known), crashing("a"), pod("b"))).To(BeEmpty(), "each node has one event")
}

func TestManyFailedNodesAreSummedUp(t *testing.T) {
	g := NewWithT(t)
	var pods []*wrappers.PodWrapper
	for i := range 30 {
		pods = append(pods, crashing(fmt.Sprintf("n%02d", i)))
	}
	g.Expect(reasonsOf(job().MaxFailedNodes("100%"), append(pods, pod("a"))...)).To(HaveLen(maxNodeEvents + 1))
}
