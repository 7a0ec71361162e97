package plan

import (
	"testing"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

func TestReadyAndStalled(t *testing.T) {
	held := suspendedBy(v1beta1.ReasonMaxFailedNodesExceeded)
	held.Resume = new("")
	holds := func() *wrappers.JobWrapper { return job().OnFailure(v1beta1.FailureActionSuspend) }
	never := func() *wrappers.JobWrapper { return job().Never() }
	tests := map[string]struct {
		job     *wrappers.JobWrapper
		ds      *appsv1.DaemonSet
		pods    []*wrappers.PodWrapper
		blocker string
		ready   string // the status and the reason
		stalled string
		message string
	}{
		"new":                         {job: job().Status(v1beta1.JobStatus{}), ready: "False Progressing", message: "0 of 0 nodes done"},
		"at work":                     {job: job(), ds: daemonSet(2, 2), pods: pods(pod("a").Completed(), pod("b")), ready: "False Progressing", message: "1 of 2 nodes done"},
		"complete":                    {job: job(), ds: daemonSet(1, 1), pods: pods(pod("a").Completed()), ready: "True AllNodesDone", message: "1 node done"},
		"complete with failures":      {job: job().MaxFailedNodes("1"), ds: daemonSet(2, 2), pods: pods(pod("a").Completed(), crashing("b")), ready: "True FailuresTolerated", message: "1 of 2 nodes done, 1 failed, which the Job tolerates"},
		"failed":                      {job: job(), ds: daemonSet(1, 1), pods: pods(crashing("a")), ready: "False MaxFailedNodesExceeded", stalled: "True MaxFailedNodesExceeded", message: "1 of 1 node failed"},
		"the deadline passed":         {job: job().Deadline(9), ds: daemonSet(1, 1), pods: pods(pod("a")), ready: "False DeadlineExceeded", stalled: "True DeadlineExceeded", message: "the deadline passed"},
		"holds itself":                {job: holds(), ds: daemonSet(1, 1), pods: pods(crashing("a")), ready: "False MaxFailedNodesExceeded", stalled: "True MaxFailedNodesExceeded", message: "set the annotation " + v1beta1.AnnotationResume},
		"held":                        {job: holds().Status(held), ds: daemonSet(1, 1), pods: pods(crashing("a")), ready: "False MaxFailedNodesExceeded", stalled: "True MaxFailedNodesExceeded"},
		"held, and by now done":       {job: holds().Status(held), ds: daemonSet(1, 1), pods: pods(pod("a").Completed()), ready: "True AllNodesDone"},
		"held by an earlier operator": {job: holds().Suspend(true).Status(suspendedBy(v1beta1.ReasonDeadlineExceeded)), ds: daemonSet(1, 1), pods: pods(crashing("a")), ready: "False DeadlineExceeded", stalled: "True DeadlineExceeded"},
		"resumed":                     {job: holds().Status(held).Annotation(v1beta1.AnnotationResume, "1"), ds: daemonSet(2, 2), pods: pods(pod("a"), pod("b")), ready: "False Progressing"},
		"the name is taken":           {job: job(), blocker: v1beta1.ReasonDaemonSetNameTaken, ready: "False DaemonSetNameTaken", stalled: "True DaemonSetNameTaken", message: "in the way"},
		"taken and suspended":         {job: job().Suspend(true), blocker: v1beta1.ReasonDaemonSetNameTaken, ready: "False DaemonSetNameTaken", stalled: "True DaemonSetNameTaken", message: "in the way"},
		"refused":                     {job: job(), ds: daemonSet(1, 1), pods: pods(pod("a")), blocker: v1beta1.ReasonDaemonSetRefused, ready: "False DaemonSetRefused", stalled: "True DaemonSetRefused", message: "in the way"},
		"suspended by the user":       {job: job().Suspend(true), ds: daemonSet(1, 1), pods: pods(pod("a").Gated()), ready: "False SuspendedByUser", message: "spec.suspend is true"},
		"no node":                     {job: job(), ds: daemonSet(0, 0), ready: "False NoMatchingNode", message: "the Job waits for one; see its nodeSelector and tolerations, and"},
		"no node of a template's":     {job: job().Template(corev1.PodTemplateSpec{}), ds: daemonSet(0, 0), ready: "False NoMatchingNode", message: "see the nodeSelector, affinity and tolerations of its template, and"},
		"a quota":                     {job: job(), ds: daemonSet(2, 1), pods: pods(pod("a")), blocker: v1beta1.ReasonPodsRefused, ready: "False PodsRefused", message: "in the way"},
		"a predecessor":               {job: job(), blocker: v1beta1.ReasonPredecessorStopping, ready: "False PredecessorStopping", message: "in the way"},
		"pods wait":                   {job: job(), ds: daemonSet(1, 1), pods: pods(pod("a").Unschedulable("no room")), ready: "False PodsWaiting", message: "no room"},
		"never, at work":              {job: never(), ds: daemonSet(2, 2), pods: pods(pod("a").Completed(), pod("b")), ready: "False Progressing", message: "1 of 2 nodes done"},
		"never, all done":             {job: never(), ds: daemonSet(1, 1), pods: pods(pod("a").Completed()), ready: "True AllNodesDone", message: "1 of 1 node done"},
		"never, all done, stale":      {job: never(), ds: notObserved(1), pods: pods(pod("a").Completed()), ready: "False Progressing"},
		"never, a node is joining":    {job: never(), ds: daemonSet(2, 2), pods: pods(pod("a").Completed()), ready: "False Progressing"},
		"never, one failed":           {job: never(), ds: daemonSet(2, 2), pods: pods(pod("a").Completed(), crashing("b")), ready: "False Progressing", message: "1 of 2 nodes done, 1 failed"},
		"never, no node":              {job: never(), ds: daemonSet(0, 0), ready: "False NoMatchingNode"},
		"never, done, suspended":      {job: never().Suspend(true), ds: daemonSet(1, 1), pods: pods(pod("a").Completed()), ready: "False SuspendedByUser"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			state := stateWith(test.job, test.ds, test.pods...)
			meta.SetStatusCondition(&state.Job.Status.Conditions, isTrue(v1beta1.JobStalled, "Before", "what stalled it before"))
			state.Blocker = Blocker{test.blocker, "in the way"}
			tally := state.tally()
			status, _ := newStatus(&state, &tally, removal{})
			said := func(conditionType string) (string, string) {
				if c := meta.FindStatusCondition(status.Conditions, conditionType); c != nil {
					return string(c.Status) + " " + c.Reason, c.Message
				}
				return "", ""
			}
			ready, message := said(v1beta1.JobReady)
			g.Expect(ready).To(Equal(test.ready))
			g.Expect(message).To(ContainSubstring(test.message))
			stalled, why := said(v1beta1.JobStalled)
			g.Expect(stalled).To(Equal(test.stalled))
			if stalled != "" {
				g.Expect(why).To(Equal(message))
			}
		})
	}
}

// The DaemonSet controller has observed a node that the cache of nodes does not show yet.
func TestANeverEndingJobIsNotReadyBeforeANodeIsObserved(t *testing.T) {
	g := NewWithT(t)
	state := stateWith(job().Never(), daemonSet(1, 1), pod("a").Completed())
	state.DaemonSet.Status.DesiredNumberScheduled = 2
	g.Expect(meta.IsStatusConditionFalse(Compute(state).Status.Status.Conditions, v1beta1.JobReady)).To(BeTrue())
}

// A tool takes a Job without the condition Ready for ready.
func TestAJobThatStartsOverIsNotReady(t *testing.T) {
	g := NewWithT(t)
	state := stateWith(job(), daemonSet(1, 1), crashing("a"))
	state.Job.Status = Compute(state).Status.Status
	g.Expect(meta.IsStatusConditionTrue(state.Job.Status.Conditions, v1beta1.JobStalled)).To(BeTrue())
	state.TemplateHash = "h2"
	again := Compute(state).Status.Status
	g.Expect(meta.IsStatusConditionFalse(again.Conditions, v1beta1.JobReady)).To(BeTrue())
	g.Expect(meta.FindStatusCondition(again.Conditions, v1beta1.JobStalled)).To(BeNil())
}

// Nodes that join a Job with completionPolicy Never change Ready each time. That
// costs no write of its own.
func TestReadyCostsNoWrite(t *testing.T) {
	g := NewWithT(t)
	nodes := pods()
	for range 19 {
		nodes = append(nodes, pod(string(rune('a'+len(nodes)))).Completed())
	}
	state := stateWith(job().Never(), daemonSet(19, 19), nodes...)
	state.Job.Status, state.LastStatusWrite = Compute(state).Status.Status, now
	g.Expect(meta.IsStatusConditionTrue(state.Job.Status.Conditions, v1beta1.JobReady)).To(BeTrue())
	joined := stateWith(job().Never().Status(state.Job.Status), daemonSet(20, 20), append(nodes, pod("z"))...)
	joined.LastStatusWrite = now
	p := Compute(joined)
	g.Expect(p.Status).To(BeNil())
	g.Expect(p.RequeueAfter).To(Equal(maxStatusInterval))
}
