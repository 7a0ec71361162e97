package plan

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

const (
	skip    = v1beta1.NodeActionSkip
	fail    = v1beta1.NodeActionFail
	failJob = v1beta1.NodeActionFailJob
)

// The earliest exit that a rule matches counts, and for it the first rule.
func TestWhichRuleMatches(t *testing.T) {
	const isTrue, work = corev1.ConditionTrue, v1beta1.ContainerName
	two := func() *wrappers.PodWrapper { return pod("a").Exit("one", "two") }
	for name, test := range map[string]struct {
		rules []v1beta1.NodeFailureRule
		pod   *wrappers.PodWrapper
		// want is the result of the node's entry, empty if it has none.
		want v1beta1.RecordResult
		code int32
	}{
		"In":                                     {[]v1beta1.NodeFailureRule{when(skip, 17, 42)}, exits("a", 42), v1beta1.RecordSkipped, 42},
		"not in In":                              {rules: []v1beta1.NodeFailureRule{when(skip, 17)}, pod: exits("a", 42)},
		"NotIn":                                  {[]v1beta1.NodeFailureRule{unless(fail, 1, 17)}, exits("a", 42), v1beta1.RecordFailed, 42},
		"in NotIn":                               {rules: []v1beta1.NodeFailureRule{unless(fail, 1, 42)}, pod: exits("a", 42)},
		"0 is not in NotIn either":               {rules: []v1beta1.NodeFailureRule{unless(fail, 1)}, pod: exits("a", 0)},
		"the first rule wins":                    {[]v1beta1.NodeFailureRule{when(fail, 42), when(skip, 42), unless(failJob, 1)}, exits("a", 42), v1beta1.RecordFailed, 42},
		"the second rule":                        {[]v1beta1.NodeFailureRule{when(fail, 17), when(skip, 42)}, exits("a", 42), v1beta1.RecordSkipped, 42},
		"the earliest exit, by another rule":     {[]v1beta1.NodeFailureRule{when(fail, 17), when(skip, 42)}, exited(exited(two(), "one", 17, 5), "two", 42, 50), v1beta1.RecordSkipped, 42},
		"the earliest exit that matches":         {[]v1beta1.NodeFailureRule{when(skip, 42)}, exited(exited(two(), "one", 17, 50), "two", 42, 5), v1beta1.RecordSkipped, 42},
		"a container before others":              {[]v1beta1.NodeFailureRule{when(skip, 42)}, exited(two(), "one", 42, 5), v1beta1.RecordSkipped, 42},
		"a container after one that is done":     {[]v1beta1.NodeFailureRule{when(skip, 42)}, exited(two().Ended("one", 0), "two", 42, 5), v1beta1.RecordSkipped, 42},
		"after one that failed, and was done":    {[]v1beta1.NodeFailureRule{when(skip, 42)}, exited(exited(two(), "one", 1, 50).Ended("one", 0), "two", 42, 5), v1beta1.RecordSkipped, 42},
		"in Exit mode, then it was done":         {[]v1beta1.NodeFailureRule{when(skip, 42)}, exited(pod("a").Exit("one"), "one", 42, 5).Ended("one", 0), v1beta1.RecordSkipped, 42},
		"in Log mode, then it was done":          {[]v1beta1.NodeFailureRule{when(skip, 42)}, exits("a", 42).Completed(), v1beta1.RecordSucceeded, 0},
		"a reboot in between":                    {rules: []v1beta1.NodeFailureRule{when(skip, 42)}, pod: sandboxed(exited(pod("a"), work, 42, 60), isTrue, 5)},
		"a reboot, before the sandbox is made":   {rules: []v1beta1.NodeFailureRule{when(skip, 42)}, pod: sandboxed(exits("a", 42), corev1.ConditionFalse, 1)},
		"what the reboot itself ended it with":   {rules: []v1beta1.NodeFailureRule{unless(failJob, 1)}, pod: sandboxed(exited(pod("a").Exit("one"), "one", 255, 60), isTrue, 5)},
		"one before the reboot, and one since":   {[]v1beta1.NodeFailureRule{when(fail, 17), when(skip, 42)}, sandboxed(exited(exited(two(), "one", 17, 600), "two", 42, 5), isTrue, 60), v1beta1.RecordSkipped, 42},
		"what a kill ended it with":              {rules: []v1beta1.NodeFailureRule{unless(failJob, 1)}, pod: pod("a").Ended(work, 143)},
		"a sidecar":                              {rules: []v1beta1.NodeFailureRule{unless(fail, 1)}, pod: exited(pod("a").Exit("one").Sidecar("s", 3), "s", 42, 5)},
		"the pod is held":                        {rules: []v1beta1.NodeFailureRule{unless(fail, 1)}, pod: pod("a").Gated()},
		"no rule for it, below the backoffLimit": {rules: []v1beta1.NodeFailureRule{when(fail, 3)}, pod: exits("a", 42)},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := recordable(ruled(test.rules...), test.pod, pod("b"))
			s.Records.LastWrite = now.Add(-time.Millisecond) // What can wait does.
			p := Compute(s)
			if test.want == "" {
				g.Expect(p.Unwritten.Nodes).To(BeEmpty())
				g.Expect(p.Pages).To(BeEmpty())
				g.Expect(p.DeletePods).To(BeEmpty())
				g.Expect(p.Status.Outcome.Result).To(Equal(Undecided))
				return
			}
			g.Expect(p.Unwritten.Nodes).To(ConsistOf(And(HaveField("Node", "a"), HaveField("Result", test.want))))
			if test.want == v1beta1.RecordSucceeded {
				g.Expect(p.DeletePods).To(BeEmpty())
				return
			}
			g.Expect(pageEntries(p)).To(ConsistOf(And(HaveField("Node", "a"), HaveField("NodeUID", s.Nodes[0].UID), HaveField("Result", test.want),
				HaveField("Reason", v1beta1.ReasonNodeFailurePolicy), HaveField("ExitCode", HaveValue(Equal(test.code))), HaveField("PodUID", s.Pods[0].UID))))
		})
	}
}

// A stop is remembered and written at once, then the gate is latched, then it is observed, and
// only then the pod is deleted.
func TestAStopIsRecordedAndGatedFirst(t *testing.T) {
	g := NewWithT(t)
	j := withRules(job(), when(skip, 42))
	s := stateWith(j, daemonSet(3, 3), exits("a", 42), pod("b"))
	s.Records.Known, s.Records.LastWrite = true, now.Add(-time.Millisecond)
	p := Compute(s)
	g.Expect(pageEntries(p)).To(ConsistOf(HaveField("Node", "a")))
	g.Expect(p.Status.Status.Gated).To(BeTrue(), "although a node has no pod")
	g.Expect(p.DeletePods).To(BeEmpty())

	cachedState := s
	cachedState.Live = false
	g.Expect(Compute(cachedState).Unwritten.Nodes).To(ConsistOf(HaveField("Node", "a")), "the next exit replaces it")

	s = afterwards(s, p, exits("a", 42), pod("b"))
	s.DaemonSet = gateNotObserved()
	s.DaemonSet.UID = aDaemonSet
	g.Expect(Compute(s).DeletePods).To(BeEmpty())

	s = afterwards(s, Plan{Unwritten: Entries{}}, exits("a", 42), pod("b"))
	p = Compute(s)
	g.Expect(nodesOf(p.DeletePods)).To(Equal([]string{"a"}))
	g.Expect(p.Pages).To(BeEmpty(), "it is recorded")
}

// Of a stopped node nothing runs again in this run, not after a reboot of its pod either.
func TestAStoppedNodeStaysGated(t *testing.T) {
	for name, action := range map[string]v1beta1.NodeFailureAction{"skipped": skip, "failed for good": fail} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			j := withRetries(ruled(when(action, 42)).MaxFailedNodes("1"), 3)
			s := recordable(j, exits("a", 42), pod("b"))
			p := Compute(s)
			s = afterwards(s, p, pod("a").Gated(), pod("b").Completed(), pod("c"))
			p = Compute(s)
			g.Expect(p.Ungate).To(BeEmpty())
			s = afterwards(s, p, pod("a").Gated(), pod("b").Completed(), pod("c").Completed())
			p = Compute(s)
			g.Expect(p.Ungate).To(BeEmpty(), "a rule leaves no retries")
			g.Expect(p.Status.Outcome.Result).To(Equal(Complete))
			again := recordedIn(aRun, recordable(j, named(pod("a"), "again"), pod("b")), pageEntries(Plan{Pages: s.Records.Pages})...)
			g.Expect(nodesOf(Compute(again).DeletePods)).To(ContainElement("a"), "it was made before the gate was in the template")
		})
	}
}

// A node that counted as failed, and is skipped since, is not tried again by a resume that comes
// before its pod is deleted.
func TestASkipHoldsOverAResume(t *testing.T) {
	g := NewWithT(t)
	j := ruled(when(skip, 42)).BackoffLimit(0)
	j.Job.Status.RetryTime = new(metav1.NewTime(now.Add(-time.Second)))
	e := entry("a", v1beta1.RecordSkipped)
	e.PodUID = "first"
	s := recordedIn(aRun, recordable(j, named(exits("a", 42), "first"), pod("b")), e)
	p := Compute(s)
	g.Expect(nodesOf(p.DeletePods)).To(Equal([]string{"a"}))
	g.Expect(p.Pages).To(BeEmpty(), "it is recorded")
	g.Expect(p.Status.Status.Skipped).To(BeEquivalentTo(1))
	g.Expect(Compute(afterwards(s, p, pod("a").Gated(), pod("b"))).Ungate).To(BeEmpty())
}

func TestSkippedNodesCount(t *testing.T) {
	g := NewWithT(t)
	all := func(made func(string) *wrappers.PodWrapper) []*wrappers.PodWrapper {
		var made12 []*wrappers.PodWrapper
		for i := range 12 {
			made12 = append(made12, made(fmt.Sprintf("n%02d", i)))
		}
		return made12
	}
	s := recordable(ruled(when(skip, 42)), all(func(node string) *wrappers.PodWrapper { return exits(node, 42) })...)
	p := Compute(s)
	g.Expect(p.Status.Outcome.Result).To(Equal(Complete))
	g.Expect(p.Status.Outcome.Message).To(ContainSubstring("0 done, 12 skipped"))
	status := p.Status.Status
	g.Expect(status).To(And(HaveField("Completed", "12/12"), HaveField("Succeeded", int32(0)), HaveField("Skipped", int32(12)), HaveField("Failed", int32(0))))
	g.Expect(status.FailedNodes).To(BeEmpty())
	g.Expect(pageEntries(p)).To(HaveLen(12))

	mixed := pods(exits("a", 42), exits("b", 17), pod("c").Completed(), pod("d"))
	s = recordable(ruled(when(skip, 42), when(fail, 17)).MaxFailedNodes("1"), mixed...)
	p = Compute(s)
	g.Expect(p.Status.Status).To(And(HaveField("Completed", "2/4"), HaveField("Succeeded", int32(1)), HaveField("Skipped", int32(1)), HaveField("Failed", int32(1)), HaveField("Active", int32(1))))
	g.Expect(p.Status.Status.FailedNodes).To(ConsistOf(And(HaveField("Node", "b"), HaveField("Reason", v1beta1.ReasonNodeFailurePolicy), HaveField("ExitCode", HaveValue(Equal(int32(17)))))))
	p = Compute(afterwards(s, p, pod("a").Gated(), pod("b").Gated(), pod("c").Completed(), pod("d").Completed()))
	g.Expect(p.Status.Outcome.Message).To(ContainSubstring("done, 1 skipped, 1 failed, which the Job tolerates"))
}

// A changed policy, deadline or number of retries runs nothing again.
func TestRulesOfNodesAreNotPartOfWhatRuns(t *testing.T) {
	g := NewWithT(t)
	hashOf := func(j *wrappers.JobWrapper) string {
		hash, err := daemonset.CurrentHash(j.Obj(), nil)
		g.Expect(err).NotTo(HaveOccurred())
		return hash
	}
	g.Expect(hashOf(withRetries(withNodeDeadline(withRules(job(), when(skip, 42)), 5), 2))).To(Equal(hashOf(job())))
}
