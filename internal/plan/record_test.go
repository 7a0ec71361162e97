package plan

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

var aRun = v1beta1.JobRun{TemplateHash: hash, Generation: 1}

// entry is one of a node of stateWith.
func entry(node string, result v1beta1.RecordResult) v1beta1.NodeRecord {
	e := v1beta1.NodeRecord{Node: node, NodeUID: types.UID(node + "-uid"), Result: result, EndTime: new(metav1.NewTime(now.Add(-time.Minute)))}
	if result == v1beta1.RecordFailed {
		e.Reason, e.Attempts, e.ExitCode = v1beta1.ReasonBackoffLimitExceeded, 7, new(int32(3))
	}
	return e
}

func done(node string) v1beta1.NodeRecord { return entry(node, v1beta1.RecordSucceeded) }

func failedAt(node string, at time.Time) v1beta1.NodeRecord {
	e := entry(node, v1beta1.RecordFailed)
	e.EndTime = new(metav1.NewTime(at))
	return e
}

// recordedIn is the State with a page of these entries of a run.
func recordedIn(run v1beta1.JobRun, s State, entries ...v1beta1.NodeRecord) State {
	page := newPage(s.Job, len(s.Records.Pages), run)
	page.Spec.Nodes, page.ResourceVersion = entries, "7"
	s.Records.Known, s.Records.Pages = true, append(s.Records.Pages, page)
	s.index()
	return s
}

// once is a Job whose template is gated in its run.
func once() *wrappers.JobWrapper {
	status := started(10)
	status.RunGeneration, status.Gated, status.Records = 1, true, 1
	return job().Status(status)
}

// A node that is recorded as done is done, whatever becomes of its pod.
func TestARecordedNodeIsDone(t *testing.T) {
	for name, pods := range map[string][]*wrappers.PodWrapper{
		"its pod is gone":           nil,
		"its pod is made again":     {pod("a").Gated()},
		"its pod ended as a whole":  {pod("a").Evicted()},
		"its pod is being deleted":  {pod("a").Terminating()},
		"its container runs again":  {pod("a")},
		"its container fails again": {crashing("a")},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := recordedIn(aRun, stateWith(once(), gatedDaemonSet(1, 1), pods...), done("a"))
			if len(pods) == 0 {
				s.Nodes[0].Name, s.Nodes[0].UID = "a", "a-uid"
				s.index()
			}
			p := Compute(s)
			g.Expect(p.Ungate).To(BeEmpty())
			g.Expect(p.Status.Status.Completed).To(Equal("1/1"))
			g.Expect(p.Status.Outcome.Result).To(Equal(Complete))
		})
	}
}

func TestWhichRecordsCount(t *testing.T) {
	earlier, other := aRun, aRun
	earlier.Generation, other.TemplateHash = 0, "h0"
	gated := func() State { return stateWith(once(), gatedDaemonSet(1, 1), pod("a").Gated()) }
	for name, test := range map[string]struct {
		state State
		want  PodState
	}{
		"none":                      {state: gated(), want: Gated},
		"of the run":                {state: recordedIn(aRun, gated(), done("a")), want: Succeeded},
		"of an earlier run, A B A":  {state: recordedIn(earlier, gated(), done("a")), want: Gated},
		"of another template":       {state: recordedIn(other, gated(), done("a")), want: Gated},
		"of another machine":        {state: recordedIn(aRun, gated(), v1beta1.NodeRecord{Node: "a", NodeUID: "earlier", Result: v1beta1.RecordSucceeded}), want: Gated},
		"a failure":                 {state: recordedIn(aRun, gated(), entry("a", v1beta1.RecordFailed)), want: Failed},
		"a failure, then a success": {state: recordedIn(aRun, recordedIn(aRun, gated(), entry("a", v1beta1.RecordFailed)), done("a")), want: Succeeded},
		"a failure, pod succeeded":  {state: recordedIn(aRun, stateWith(once(), gatedDaemonSet(1, 1), pod("a").Completed()), entry("a", v1beta1.RecordFailed)), want: Succeeded},
	} {
		t.Run(name, func(t *testing.T) {
			m := test.state.membership()
			NewWithT(t).Expect(m.members[0].state).To(Equal(test.want))
		})
	}
}

// The failure from before a retry does not count, however close it is to it.
func TestARetryTriesRecordedFailuresAgain(t *testing.T) {
	status := once().Status(started(10)).Job.Status
	status.RunGeneration, status.RetryTime = 1, new(metav1.NewTime(now))
	for at, want := range map[time.Time]PodState{
		now.Add(-time.Second): Gated,
		now:                   Failed,
		now.Add(time.Second):  Failed,
	} {
		s := recordedIn(aRun, stateWith(job().Status(status), gatedDaemonSet(1, 1), pod("a").Gated()), failedAt("a", at))
		m := s.membership()
		NewWithT(t).Expect(m.members[0].state).To(Equal(want), at.String())
		m.members[0].entry = nil
		e := s.failedEntry(&m.members[0], &v1beta1.FailedNode{})
		NewWithT(t).Expect(e.EndTime.Time).To(BeTemporally(">=", now))
	}
}

// A pod that is done may say so for the last time.
func TestTheLastEvidenceIsRecorded(t *testing.T) {
	for name, change := range map[string]func(*State){
		"being deleted": func(s *State) { s.Pods[0].Terminating = true },
		"gone":          func(s *State) { s.Pods[0].Gone = true },
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := stateWith(once(), gatedDaemonSet(2, 2), pod("a").Completed(), pod("b"))
			s.Records.Known, s.Records.LastWrite = true, now
			g.Expect(Compute(s).Pages).To(BeEmpty(), "its pod says so until the next page is written")
			change(&s)
			p := Compute(s)
			g.Expect(p.Pages).To(HaveLen(1))
			g.Expect(p.Pages[0].Spec.Nodes).To(ConsistOf(HaveField("Node", "a")))
			g.Expect(p.Status.Status.Succeeded).To(BeEquivalentTo(1))
		})
	}
}

// A machine that joined under the name of another does the work, and the pod that was bound
// to the other one is replaced.
func TestAReplacedMachineWorksAgain(t *testing.T) {
	g := NewWithT(t)
	s := stateWith(once(), gatedDaemonSet(1, 1), pod("a").Completed())
	s.Records.Known = true
	s.Pods[0].ScheduledAt, s.Nodes[0].Created = now.Add(-time.Hour), now.Add(-time.Hour).Add(machineTolerance)
	g.Expect(Compute(s).Status.Status.Completed).To(Equal("1/1"), "clocks differ")

	s.Nodes[0].Created = now
	p := Compute(s)
	g.Expect(p.Status.Status.Completed).To(Equal("0/1"))
	g.Expect(nodesOf(p.DeletePods)).To(Equal([]string{"a"}))
	g.Expect(p.Unwritten.Nodes).To(BeEmpty())
}

// The run that a new template begins keeps its number while the Job is edited.
func TestRuns(t *testing.T) {
	g := NewWithT(t)
	s := stateWith(once(), gatedDaemonSet(1, 1))
	s.Job.Generation = 5
	g.Expect(s.run()).To(Equal(aRun))
	s.TemplateHash = "h2"
	g.Expect(s.run()).To(Equal(v1beta1.JobRun{TemplateHash: "h2", Generation: 5}))
	s.TemplateHash, s.Job.Status.RunGeneration = hash, 0
	g.Expect(s.run().Generation).To(BeEquivalentTo(5), "an earlier version of the operator wrote the status")
}

func TestWhatAnEntrySays(t *testing.T) {
	g := NewWithT(t)
	s := stateWith(once(), gatedDaemonSet(2, 2), pod("a").Completed(), pod("b"))
	s.Pods[0].Started, s.Pods[0].Restarts, s.Pods[0].ScheduledAt, s.Pods[0].EndedAt = true, 2, now.Add(-time.Minute), now
	p := Compute(s)
	g.Expect(p.Unwritten).To(Equal(Entries{Run: aRun, Nodes: []v1beta1.NodeRecord{{
		Node: "a", NodeUID: "a-uid", Result: v1beta1.RecordSucceeded, Attempts: 3,
		StartTime: new(metav1.NewTime(now.Add(-time.Minute))), EndTime: new(metav1.NewTime(now)),
	}}}))
	s.Records.Unwritten = p.Unwritten
	g.Expect(Compute(s).Unwritten).To(Equal(p.Unwritten), "it is observed once")
}
