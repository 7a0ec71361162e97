package plan

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// proposed is the State of a Job that is not there yet.
func proposed(j *wrappers.JobWrapper, nodes ...string) State {
	s := State{Job: j.Status(v1beta1.JobStatus{ObservedGeneration: -1}).Obj(), Now: now, TemplateHash: hash, Live: true}
	for _, name := range nodes {
		s.Nodes = append(s.Nodes, Node{Name: name, Placement: daemonset.Placed})
	}
	return s
}

func startsOf(f *Forecast) (names []string) {
	for i := range f.Starts {
		names = append(names, f.Starts[i].Node)
	}
	return names
}

func TestPredictOfANewJob(t *testing.T) {
	g := NewWithT(t)
	s := proposed(job().Parallelism("50%").MaxFailedNodes("25%"), "b", "n-10", "n-9", "a", "away", "tainted", "other")
	s.Nodes[4].NotReadySince = now.Add(-time.Minute)
	s.Nodes[5].Placement, s.Nodes[6].Placement = daemonset.Tainted, daemonset.Excluded
	f := Predict(s)
	g.Expect(startsOf(&f)).To(Equal([]string{"a", "b", "n-10", "n-9"}))
	g.Expect(f.Rest).To(HaveExactElements(And(HaveField("Node", "away"), HaveField("State", NodeLeftOut))))
	g.Expect(f.AtOnce).To(Equal(2), "a node that is left out is none of which a percentage is taken")
	g.Expect(f.Tolerated).To(Equal(1))
	g.Expect(f.Stopped).To(BeEmpty())
	g.Expect(f.Held).To(BeEmpty())
}

func TestPredictSaysWhatHoldsAJob(t *testing.T) {
	over := func(conditionType string) *wrappers.JobWrapper {
		status := started(100)
		status.Conditions = []metav1.Condition{{Type: conditionType, Status: metav1.ConditionTrue}}
		return job().Status(status)
	}
	holding := suspendedBy(v1beta1.ReasonMaxFailedNodesExceeded)
	holding.Resume = new("")
	for name, test := range map[string]struct {
		state State
		held  string
		n     int
	}{
		"nothing":            {stateWith(job(), daemonSet(2, 0)), "", 2},
		"suspended":          {stateWith(job().Suspend(true), daemonSet(2, 0)), "the Job is suspended", 2},
		"holding itself":     {stateWith(job().Status(holding), daemonSet(2, 0)), "the Job holds itself, since too many nodes failed", 2},
		"Complete":           {stateWith(over(v1beta1.JobComplete), daemonSet(2, 1), pod("a").Completed()), "the Job is Complete, and what it runs is the same", 0},
		"Failed":             {stateWith(over(v1beta1.JobFailed), daemonSet(2, 1), crashing("a")), "the Job is Failed, and what it runs is the same", 0},
		"all nodes are done": {stateWith(job(), daemonSet(1, 1), pod("a").Completed()), "the Job is Complete at once: 1 node done", 0},
		"fewer failures":     {stateWith(job().MaxFailedNodes("0"), daemonSet(2, 1), crashing("a")), "the Job fails at once: ", 0},
		"fewer, with a hold": {stateWith(job().MaxFailedNodes("0").OnFailure(v1beta1.FailureActionSuspend), daemonSet(2, 1), crashing("a")), "the Job holds itself at once: ", 1},
		"being deleted":      {deleted(stateWith(job(), daemonSet(2, 0))), "the Job is being deleted", 0},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			f := Predict(test.state)
			if test.held == "" {
				g.Expect(f.Held).To(BeEmpty())
			}
			g.Expect(f.Held).To(HavePrefix(test.held))
			g.Expect(f.Starts).To(HaveLen(test.n))
			g.Expect(f.AtOnce).To(BeZero())
		})
	}
}

// What Predict says of an end is what Compute does.
func TestPredictAgreesWithComputeAboutAnEnd(t *testing.T) {
	g := NewWithT(t)
	s := stateWith(job().Parallelism("1").Generation(2).MaxFailedNodes("0"), daemonSet(3, 1), crashing("a"), pod("b").Gated(), pod("c").Gated())
	f := Predict(s)
	g.Expect(f.Starts).To(BeEmpty())
	g.Expect(f.Rest).To(ContainElement(And(HaveField("Node", "b"), HaveField("State", NodeNotRun))))
	p := Compute(s)
	g.Expect(p.Ungate).To(BeEmpty())
	g.Expect(p.Status.Outcome.Result).To(Equal(Fail))
}

// A node is tried again when all others are finished, whichever pod is older.
func TestPredictTriesAgainLast(t *testing.T) {
	g := NewWithT(t)
	s := recordedIn(aRun, stateWith(retrying(1).Parallelism("1"), gatedDaemonSet(2, 2), named(pod("a").Gated().Created(1), "again"), pod("b").Gated().Created(2)), stoppedIn("a", 1, "first"))
	f := Predict(s)
	g.Expect(startsOf(&f)).To(Equal([]string{"b", "a"}))
	p := Compute(s)
	g.Expect(p.Ungate).To(HaveExactElements(HaveField("Node", "b")))
}

// deleted is the State of a Job that is being deleted.
func deleted(s State) State {
	s.Job.DeletionTimestamp = &metav1.Time{Time: now}
	return s
}

// Nodes start in the order in which their pods were made, as podsToUngate has it.
func TestPredictOrdersByCreation(t *testing.T) {
	g := NewWithT(t)
	s := stateWith(job().Parallelism("1"), daemonSet(4, 3), pod("a").Gated().Created(5), pod("b").Gated().Created(4), pod("c").ContainersReady())
	f := Predict(s)
	g.Expect(startsOf(&f)).To(Equal([]string{"b", "a", "other-03"}))
	g.Expect(f.Rest).To(HaveExactElements(And(HaveField("Node", "c"), HaveField("State", NodeWorking))))
	s.Pods = s.Pods[:2]
	m := s.membership()
	ungate, _ := s.podsToUngate(&m, nil)
	g.Expect(ungate).To(HaveExactElements(HaveField("Node", "b")))
}

// A changed template runs on each node again, also on those that were done.
func TestPredictOfAChangedTemplate(t *testing.T) {
	g := NewWithT(t)
	status := started(100)
	status.Conditions = []metav1.Condition{{Type: v1beta1.JobComplete, Status: metav1.ConditionTrue}}
	s := stateWith(job().Status(status), daemonSet(3, 2), pod("a").Completed(), pod("b").ContainersReady())
	before := *s.Job.DeepCopy()
	s.TemplateHash = "h2"
	f := Predict(s)
	g.Expect(startsOf(&f)).To(Equal([]string{"a", "b", "other-02"}))
	g.Expect(f.Rest).To(BeEmpty())
	g.Expect(f.Stopped).To(Equal([]string{"b"}))
	g.Expect(f.Held).To(BeEmpty())
	g.Expect(*s.Job).To(Equal(before), "Predict changes nothing in its State")
}

// A Failed Job that the manifest resumes tries the nodes again that have not succeeded.
func TestPredictOfAResumedJob(t *testing.T) {
	g := NewWithT(t)
	status := started(100)
	status.Resume = new("")
	status.Conditions = []metav1.Condition{{Type: v1beta1.JobFailed, Status: metav1.ConditionTrue}}
	status.FailedNodes = []v1beta1.FailedNode{{Node: "b", Reason: v1beta1.ReasonBackoffLimitExceeded}}
	f := Predict(stateWith(job().Status(status).Annotation(v1beta1.AnnotationResume, "again"), daemonSet(3, 1), pod("a").Completed(), pod("b")))
	g.Expect(startsOf(&f)).To(ConsistOf("b", "other-02"))
	g.Expect(f.Rest).To(HaveExactElements(HaveField("Node", "a")))
	g.Expect(f.Held).To(BeEmpty())
}
