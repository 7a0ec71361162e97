package plan

import (
	"fmt"
	"testing"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

func TestNewStatus(t *testing.T) {
	type row struct {
		job       *wrappers.JobWrapper
		ds        *appsv1.DaemonSet
		pods      []*wrappers.PodWrapper
		blocker   string
		gone      string // a node that left, whose pod is still there
		phase     v1beta1.JobPhase
		completed string
		counts    string // desired/active/succeeded/failed
		result    Result
		reason    string // of the verdict
		blocked   string
		failed    string // the failed nodes with their reasons
	}
	suspendOnFailure := func() *wrappers.JobWrapper { return job().OnFailure(v1beta1.FailureActionSuspend) }
	tests := map[string]row{
		"new, no DaemonSet yet":               {job: job().Status(v1beta1.JobStatus{}), phase: "Pending", completed: "0/0", counts: "0/0/0/0"},
		"DaemonSet just made":                 {job: job(), ds: &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Generation: 1}}, phase: "Running", completed: "0/0", counts: "0/0/0/0"},
		"no node matches":                     {job: job(), ds: daemonSet(0, 0), phase: "Running", completed: "0/0", counts: "0/0/0/0", blocked: v1beta1.ReasonNoMatchingNode},
		"pods are being made":                 {job: job(), ds: daemonSet(2, 0), phase: "Running", completed: "0/2", counts: "2/0/0/0"},
		"one works":                           {job: job(), ds: daemonSet(2, 2), pods: pods(pod("a")), phase: "Running", completed: "0/2", counts: "2/1/0/0"},
		"one done":                            {job: job(), ds: daemonSet(2, 2), pods: pods(pod("a").Completed(), pod("b")), phase: "Running", completed: "1/2", counts: "2/1/1/0"},
		"all done":                            {job: job(), ds: daemonSet(2, 2), pods: pods(pod("a").Completed(), pod("b").Completed()), phase: "Complete", completed: "2/2", counts: "2/0/2/0", result: Complete, reason: v1beta1.ReasonAllNodesDone},
		"all done by exit":                    {job: job().Exit(), ds: daemonSet(1, 1), pods: pods(pod("a").Exit("w").Ended("w", 0)), phase: "Complete", completed: "1/1", counts: "1/0/1/0", result: Complete, reason: v1beta1.ReasonAllNodesDone},
		"all done, the DaemonSet is stale":    {job: job(), ds: notObserved(2), pods: pods(pod("a").Completed(), pod("b").Completed()), phase: "Running", completed: "2/2", counts: "2/0/2/0"},
		"all done, one node has no pod":       {job: job(), ds: daemonSet(2, 1), pods: pods(pod("a").Completed()), phase: "Running", completed: "1/2", counts: "2/0/1/0"},
		"a node left, another joined":         {job: job(), ds: daemonSet(2, 1), pods: pods(pod("a").Completed(), pod("gone").Completed()), phase: "Running", gone: "gone", completed: "1/2", counts: "2/0/1/0"},
		"a node left, another works":          {job: job(), ds: daemonSet(2, 2), pods: pods(pod("a").Completed(), pod("gone").Completed(), pod("new")), phase: "Running", gone: "gone", completed: "1/2", counts: "2/1/1/0"},
		"a node left, the rest is done":       {job: job(), ds: daemonSet(1, 1), pods: pods(pod("a").Completed(), pod("gone").Completed()), phase: "Complete", completed: "1/1", gone: "gone", counts: "1/0/1/0", result: Complete, reason: v1beta1.ReasonAllNodesDone},
		"done pods of an earlier template":    {job: job(), ds: daemonSet(1, 1), pods: pods(wrappers.Pod(aJob, "a", "h0").Completed()), phase: "Running", completed: "0/1", counts: "1/0/0/0"},
		"a done pod that is being deleted":    {job: job(), ds: daemonSet(1, 1), pods: pods(pod("a").Completed().Terminating()), phase: "Running", completed: "0/1", counts: "1/0/0/0"},
		"an evicted pod":                      {job: job(), ds: daemonSet(1, 1), pods: pods(pod("a").Evicted()), phase: "Running", completed: "0/1", counts: "1/0/0/0", blocked: v1beta1.ReasonPodsWaiting},
		"the template is refused":             {job: job(), ds: daemonSet(1, 1), pods: pods(pod("a")), blocker: v1beta1.ReasonDaemonSetRefused, phase: "Running", completed: "0/1", counts: "1/1/0/0", blocked: v1beta1.ReasonDaemonSetRefused},
		"the name is taken":                   {job: job(), blocker: v1beta1.ReasonDaemonSetNameTaken, phase: "Running", completed: "0/0", counts: "0/0/0/0", blocked: v1beta1.ReasonDaemonSetNameTaken},
		"pods are refused":                    {job: job(), ds: daemonSet(2, 1), pods: pods(pod("a")), blocker: v1beta1.ReasonPodsRefused, phase: "Running", completed: "0/2", counts: "2/1/0/0", blocked: v1beta1.ReasonPodsRefused},
		"pods were refused, all are there":    {job: job(), ds: daemonSet(1, 1), pods: pods(pod("a")), blocker: v1beta1.ReasonPodsRefused, phase: "Running", completed: "0/1", counts: "1/1/0/0"},
		"an image is not there":               {job: job(), ds: daemonSet(1, 1), pods: pods(pod("a").Waiting("job-container", "ErrImagePull", "x")), phase: "Running", completed: "0/1", counts: "1/1/0/0", blocked: v1beta1.ReasonPodsWaiting},
		"gated":                               {job: job().Parallelism("1"), ds: daemonSet(2, 2), pods: pods(pod("a").Gated(), pod("b").Gated()), phase: "Running", completed: "0/2", counts: "2/0/0/0"},
		"one held back, one done":             {job: job().Parallelism("1"), ds: daemonSet(2, 2), pods: pods(pod("a").Completed(), pod("b").Gated()), phase: "Running", completed: "1/2", counts: "2/0/1/0"},
		"suspended from the start":            {job: job().Status(v1beta1.JobStatus{}).Suspend(true), ds: daemonSet(2, 2), pods: pods(pod("a").Gated(), pod("b").Gated()), phase: "Suspended", completed: "0/2", counts: "2/0/0/0"},
		"suspended, one goes on":              {job: job().Suspend(true), ds: daemonSet(2, 2), pods: pods(pod("a"), pod("b").Gated()), phase: "Suspended", completed: "0/2", counts: "2/1/0/0"},
		"suspended, but all are done":         {job: job().Suspend(true), ds: daemonSet(1, 1), pods: pods(pod("a").Completed()), phase: "Complete", completed: "1/1", counts: "1/0/1/0", result: Complete, reason: v1beta1.ReasonAllNodesDone},
		"one failed, none tolerated":          {job: job(), ds: daemonSet(3, 3), pods: pods(crashing("a"), pod("b"), pod("c").Completed()), phase: "Failed", completed: "1/3", counts: "3/0/1/1", result: Fail, reason: v1beta1.ReasonMaxFailedNodesExceeded, failed: "a:BackoffLimitExceeded"},
		"one failed, one tolerated":           {job: job().MaxFailedNodes("1"), ds: daemonSet(2, 2), pods: pods(crashing("a"), pod("b")), phase: "Running", completed: "0/2", counts: "2/1/0/1", failed: "a:BackoffLimitExceeded"},
		"two failed, one tolerated":           {job: job().MaxFailedNodes("1"), ds: daemonSet(2, 2), pods: pods(crashing("b"), crashing("a")), phase: "Failed", completed: "0/2", counts: "2/0/0/2", result: Fail, reason: v1beta1.ReasonMaxFailedNodesExceeded, failed: "a:BackoffLimitExceeded b:BackoffLimitExceeded"},
		"failures tolerated to the end":       {job: job().MaxFailedNodes("50%"), ds: daemonSet(2, 2), pods: pods(crashing("a"), pod("b").Completed()), phase: "Complete", completed: "1/2", counts: "2/0/1/1", result: Complete, reason: v1beta1.ReasonFailuresTolerated, failed: "a:BackoffLimitExceeded"},
		"a percentage is rounded down":        {job: job().MaxFailedNodes("99%"), ds: daemonSet(1, 1), pods: pods(crashing("a")), phase: "Failed", completed: "0/1", counts: "1/0/0/1", result: Fail, reason: v1beta1.ReasonMaxFailedNodesExceeded, failed: "a:BackoffLimitExceeded"},
		"a higher limit takes effect":         {job: job().BackoffLimit(7), ds: daemonSet(1, 1), pods: pods(crashing("a")), phase: "Running", completed: "0/1", counts: "1/1/0/0", blocked: v1beta1.ReasonPodsWaiting},
		"no restart allowed":                  {job: job().BackoffLimit(0), ds: daemonSet(1, 1), pods: pods(pod("a").Restarted("job-container", 1, 1, "")), phase: "Failed", completed: "0/1", counts: "1/0/0/1", result: Fail, reason: v1beta1.ReasonMaxFailedNodesExceeded, failed: "a:BackoffLimitExceeded"},
		"failed by exits with 0":              {job: job(), ds: daemonSet(1, 1), pods: pods(pod("a").Restarted("job-container", 7, 0, "")), phase: "Failed", completed: "0/1", counts: "1/0/0/1", result: Fail, reason: v1beta1.ReasonMaxFailedNodesExceeded, failed: "a:ExitedWithoutWord"},
		"exits with 0 are said before":        {job: job(), ds: daemonSet(1, 1), pods: pods(pod("a").Restarted("job-container", 1, 0, "")), phase: "Running", completed: "0/1", counts: "1/1/0/0", blocked: v1beta1.ReasonPodsWaiting},
		"failed, the DaemonSet is stale":      {job: job(), ds: notObserved(1), pods: pods(crashing("a")), phase: "Running", completed: "0/1", counts: "1/0/0/1", failed: "a:BackoffLimitExceeded"},
		"failed, to be suspended":             {job: suspendOnFailure(), ds: daemonSet(2, 2), pods: pods(crashing("a"), pod("b").Gated()), phase: "Suspended", completed: "0/2", counts: "2/0/0/1", result: Hold, reason: v1beta1.ReasonMaxFailedNodesExceeded, failed: "a:BackoffLimitExceeded"},
		"failed, suspended":                   {job: suspendOnFailure().Suspend(true), ds: daemonSet(2, 2), pods: pods(crashing("a"), pod("b").Gated()), phase: "Suspended", completed: "0/2", counts: "2/0/0/1", failed: "a:BackoffLimitExceeded"},
		"suspended by a person, then failed":  {job: job().Suspend(true), ds: daemonSet(2, 2), pods: pods(crashing("a"), pod("b").Gated()), phase: "Failed", completed: "0/2", counts: "2/0/0/1", result: Fail, reason: v1beta1.ReasonMaxFailedNodesExceeded, failed: "a:BackoffLimitExceeded"},
		"before the deadline":                 {job: job().Deadline(11), ds: daemonSet(1, 1), pods: pods(pod("a")), phase: "Running", completed: "0/1", counts: "1/1/0/0"},
		"at the deadline":                     {job: job().Deadline(9), ds: daemonSet(2, 2), pods: pods(pod("a"), pod("b").Completed()), phase: "Failed", completed: "1/2", counts: "2/0/1/1", result: Fail, reason: v1beta1.ReasonDeadlineExceeded, failed: "a:DeadlineExceeded"},
		"at the deadline, all done":           {job: job().Deadline(9), ds: daemonSet(1, 1), pods: pods(pod("a").Completed()), phase: "Complete", completed: "1/1", counts: "1/0/1/0", result: Complete, reason: v1beta1.ReasonAllNodesDone},
		"at the deadline, one tolerated":      {job: job().Deadline(9).MaxFailedNodes("1"), ds: daemonSet(2, 2), pods: pods(pod("a").Unschedulable("x"), pod("b").Completed()), phase: "Complete", completed: "1/2", counts: "2/0/1/1", result: Complete, reason: v1beta1.ReasonFailuresTolerated, failed: "a:DeadlineExceeded"},
		"at the deadline, held ones too":      {job: job().Deadline(9).Parallelism("1"), ds: daemonSet(2, 2), pods: pods(pod("a").Gated(), pod("b")), phase: "Failed", completed: "0/2", counts: "2/0/0/2", result: Fail, reason: v1beta1.ReasonDeadlineExceeded, failed: "a:DeadlineExceeded b:DeadlineExceeded"},
		"at the deadline, a pod is missing":   {job: job().Deadline(9), ds: daemonSet(2, 1), pods: pods(pod("a").Completed()), phase: "Failed", completed: "1/2", counts: "2/0/1/1", result: Fail, reason: v1beta1.ReasonDeadlineExceeded, failed: "other-01:DeadlineExceeded"},
		"at the deadline, missing, tolerated": {job: job().Deadline(9).MaxFailedNodes("1"), ds: daemonSet(2, 1), pods: pods(pod("a").Completed()), phase: "Complete", completed: "1/2", counts: "2/0/1/1", result: Complete, reason: v1beta1.ReasonFailuresTolerated, failed: "other-01:DeadlineExceeded"},
		"at the deadline, no node matched":    {job: job().Deadline(9), ds: daemonSet(0, 0), phase: "Failed", completed: "0/0", counts: "0/0/0/0", result: Fail, reason: v1beta1.ReasonDeadlineExceeded},
		"at the deadline, refused":            {job: job().Deadline(9), blocker: v1beta1.ReasonDaemonSetRefused, phase: "Failed", completed: "0/0", counts: "0/0/0/0", result: Fail, reason: v1beta1.ReasonDeadlineExceeded},
		"at the deadline, failed before":      {job: job().Deadline(9), ds: daemonSet(1, 1), pods: pods(crashing("a")), phase: "Failed", completed: "0/1", counts: "1/0/0/1", result: Fail, reason: v1beta1.ReasonDeadlineExceeded, failed: "a:BackoffLimitExceeded"},
		"at the deadline, stale":              {job: job().Deadline(9), ds: notObserved(1), pods: pods(pod("a")), phase: "Failed", completed: "0/1", counts: "1/0/0/1", result: Fail, reason: v1beta1.ReasonDeadlineExceeded, failed: "a:DeadlineExceeded"},
		"at the deadline, to be suspended":    {job: suspendOnFailure().Deadline(9), ds: daemonSet(1, 1), pods: pods(pod("a")), phase: "Suspended", completed: "0/1", counts: "1/0/0/1", result: Hold, reason: v1beta1.ReasonDeadlineExceeded, failed: "a:DeadlineExceeded"},
		"suspended: no deadline":              {job: job().Deadline(9).Suspend(true), ds: daemonSet(1, 1), pods: pods(pod("a")), phase: "Suspended", completed: "0/1", counts: "1/1/0/0"},
		"resumed: the clock starts anew":      {job: job().Deadline(9).Suspend(false).Status(suspendedBy(v1beta1.ReasonSuspendedByUser)), ds: daemonSet(1, 1), pods: pods(pod("a")), phase: "Running", completed: "0/1", counts: "1/1/0/0"},
		"never: all done":                     {job: job().Never(), ds: daemonSet(1, 1), pods: pods(pod("a").Completed()), phase: "Running", completed: "1/1", counts: "1/0/1/0"},
		"never: a failed node":                {job: job().Never(), ds: daemonSet(2, 2), pods: pods(crashing("a"), pod("b")), phase: "Running", completed: "0/2", counts: "2/1/0/1", failed: "a:BackoffLimitExceeded"},
		"never: a failed node, no suspension": {job: suspendOnFailure().Never(), ds: daemonSet(1, 1), pods: pods(crashing("a")), phase: "Running", completed: "0/1", counts: "1/0/0/1", failed: "a:BackoffLimitExceeded"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			state := stateWith(test.job, test.ds, test.pods...)
			state.Blocker = Blocker{test.blocker, "in the way"}
			if test.gone != "" {
				state = without(state, test.gone)
				for len(state.Nodes) < int(test.ds.Status.DesiredNumberScheduled) {
					state.Nodes = append(state.Nodes, Node{Name: "joined", Placement: daemonset.Placed})
				}
			}
			tally := state.tally()
			s, outcome := newStatus(&state, &tally, removal{})
			g.Expect(s.Phase).To(Equal(test.phase))
			g.Expect(s.Completed).To(Equal(test.completed))
			g.Expect(fmt.Sprintf("%d/%d/%d/%d", s.Desired, s.Active, s.Succeeded, s.Failed)).To(Equal(test.counts))
			g.Expect(outcome.Result).To(Equal(test.result))
			g.Expect(outcome.Reason).To(Equal(test.reason))
			g.Expect(s.CompletionTime != nil).To(Equal(test.result == Complete))
			blocked := meta.FindStatusCondition(s.Conditions, v1beta1.JobBlocked)
			g.Expect(blocked).NotTo(BeNil())
			if test.blocked == "" {
				test.blocked = v1beta1.ReasonNotBlocked
			}
			g.Expect(blocked.Reason).To(Equal(test.blocked), blocked.Message)
			named := ""
			for i, n := range s.FailedNodes {
				if i > 0 {
					named += " "
				}
				named += n.Node + ":" + n.Reason
			}
			g.Expect(named).To(Equal(test.failed))
			g.Expect(meta.IsStatusConditionTrue(s.Conditions, v1beta1.JobComplete)).To(Equal(test.result == Complete))
			g.Expect(meta.IsStatusConditionTrue(s.Conditions, v1beta1.JobFailed)).To(Equal(test.result == Fail))
			for _, c := range s.Conditions {
				g.Expect(c.Message).NotTo(BeEmpty(), c.Type)
			}
		})
	}
}

// A verdict belongs to a template. It is never computed again for the same one, and
// is cleared, before anything else happens, when what runs has changed.
func TestAVerdictBelongsToATemplate(t *testing.T) {
	for _, conditionType := range []string{v1beta1.JobComplete, v1beta1.JobFailed} {
		t.Run(conditionType, func(t *testing.T) {
			g := NewWithT(t)
			status := started(10)
			status.Completed, status.Succeeded = "2/2", 2
			status.Conditions = []metav1.Condition{{Type: conditionType, Status: metav1.ConditionTrue, Reason: "R"}}
			done := func() *wrappers.JobWrapper { return job().Deadline(1).Status(status) }
			g.Expect(Compute(stateWith(done(), daemonSet(5, 5))).Status).To(BeNil())

			limitChanged := Compute(stateWith(done().Generation(9), daemonSet(5, 5)))
			status.ObservedGeneration = 9
			g.Expect(limitChanged.Status.Status).To(Equal(status))
			g.Expect(limitChanged.Status.Events).To(BeEmpty())

			changed := stateWith(done().Generation(10), daemonSet(5, 5))
			changed.TemplateHash = "h2"
			p := Compute(changed)
			g.Expect(p.Status.Status.Conditions).To(ConsistOf(HaveField("Type", v1beta1.JobReady)))
			g.Expect(p.Status.Status).To(And(HaveField("Phase", v1beta1.PhasePending), HaveField("StartTime", BeNil()),
				HaveField("Succeeded", BeZero()), HaveField("TemplateHash", "h2"), HaveField("ObservedGeneration", int64(10))))
			g.Expect(stepsOf(p)).To(Equal(steps{status: true, again: immediately}), "the DaemonSet is left as it is until the status is written")
		})
	}
}

func TestFailedNodesSayWhatHappened(t *testing.T) {
	g := NewWithT(t)
	var failed []*wrappers.PodWrapper
	for i := range 200 {
		failed = append(failed, pod(fmt.Sprintf("n-%03d", i)).Restarted(v1beta1.ContainerName, 8, 42, "first line\nlast line"))
	}
	state := stateWith(job(), daemonSet(200, 200), failed...)
	tally := state.tally()
	s, _ := newStatus(&state, &tally, removal{})
	g.Expect(s.Failed).To(Equal(int32(200)))
	g.Expect(s.FailedNodes).To(HaveLen(maxNamedNodes))
	first := s.FailedNodes[0]
	g.Expect(first.Node).To(Equal("n-000"))
	g.Expect(*first.ExitCode).To(Equal(int32(42)))
	g.Expect(first.Message).To(Equal("restarted 8 times, ended last with exit code 42; its last lines:\nfirst line\nlast line"))
}

func TestSuspendedRemembersWho(t *testing.T) {
	g := NewWithT(t)
	reason := func(j *wrappers.JobWrapper, pods ...*wrappers.PodWrapper) string {
		state := stateWith(j, daemonSet(2, 2), pods...)
		tally := state.tally()
		status, _ := newStatus(&state, &tally, removal{})
		return meta.FindStatusCondition(status.Conditions, v1beta1.JobSuspended).Reason
	}
	g.Expect(reason(job().Suspend(true))).To(Equal(v1beta1.ReasonSuspendedByUser))
	byManager := job().Suspend(true).OnFailure(v1beta1.FailureActionSuspend)
	g.Expect(reason(byManager, crashing("a"))).To(Equal(v1beta1.ReasonSuspendedByUser), "it is the user's word that is in force")
	g.Expect(reason(byManager.Status(suspendedBy(v1beta1.ReasonMaxFailedNodesExceeded)), pod("a").Completed())).
		To(Equal(v1beta1.ReasonMaxFailedNodesExceeded), "a node that recovers while a person looks changes nothing")
	g.Expect(reason(job().Suspend(false).Status(suspendedBy(v1beta1.ReasonMaxFailedNodesExceeded)))).To(Equal(v1beta1.ReasonResumed))
}
