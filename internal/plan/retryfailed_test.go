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

// retrying is a Job whose failed nodes are tried so often again, and which tolerates no failure.
func retrying(n int32) *wrappers.JobWrapper { return withRetries(once(), n) }

// named gives a pod a UID.
func named(w *wrappers.PodWrapper, uid string) *wrappers.PodWrapper {
	w.Pod.UID = types.UID(uid)
	return w
}

// stoppedIn is the entry of a node that failed in this try, in this pod.
func stoppedIn(node string, try int32, pod string) v1beta1.NodeRecord {
	e := failedAt(node, now.Add(-time.Minute))
	e.Try, e.PodUID = try, types.UID(pod)
	return e
}

// A node that fails before its last try is stopped, and does not count as failed.
func TestAFailureWithTriesLeft(t *testing.T) {
	withoutWord := pod("a").Restarted(v1beta1.ContainerName, 7, 0, "")
	for name, test := range map[string]struct {
		job    *wrappers.JobWrapper
		pod    *wrappers.PodWrapper
		reason string
	}{
		"it restarted too often":             {retrying(1), crashing("a"), v1beta1.ReasonBackoffLimitExceeded},
		"in Exit mode":                       {retrying(1), pod("a").Exit("one").Restarted("one", 7, 3, ""), v1beta1.ReasonBackoffLimitExceeded},
		"it ended without its word":          {retrying(1), withoutWord, v1beta1.ReasonExitedWithoutWord},
		"its deadline passed":                {withNodeDeadline(retrying(1), 60), bound(pod("a"), 90), v1beta1.ReasonNodeDeadlineExceeded},
		"a Job that holds itself":            {retrying(1).OnFailure(v1beta1.FailureActionSuspend), crashing("a"), v1beta1.ReasonBackoffLimitExceeded},
		"with parallelism":                   {retrying(1).Parallelism("1"), crashing("a"), v1beta1.ReasonBackoffLimitExceeded},
		"a Job that never ends":              {retrying(1).Never(), crashing("a"), v1beta1.ReasonBackoffLimitExceeded},
		"suspended by the user":              {retrying(1).Suspend(true), crashing("a"), v1beta1.ReasonBackoffLimitExceeded},
		"a Job that releases its done nodes": {releasing(retrying(1)), crashing("a"), v1beta1.ReasonBackoffLimitExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := recordable(test.job, test.pod, pod("b"))
			p := Compute(s)
			g.Expect(pageEntries(p)).To(ConsistOf(And(HaveField("Node", "a"), HaveField("Result", v1beta1.RecordFailed),
				HaveField("Reason", test.reason), HaveField("PodUID", s.Pods[0].UID), HaveField("Try", int32(1)))))
			g.Expect(nodesOf(p.DeletePods)).To(Equal([]string{"a"}))
			g.Expect(p.DeleteUnchanged).To(BeTrue(), "work that was done in the meantime wins")
			g.Expect(p.Status.Outcome.Result).To(Equal(Undecided))
			g.Expect(p.Status.Status).To(And(HaveField("Failed", int32(0)), HaveField("FailedNodes", BeEmpty()), HaveField("FailureGroups", BeEmpty())))
			g.Expect(p.Ungate).To(BeEmpty())

			s.Live = false
			cached := Compute(s)
			g.Expect(cached.ReadLive).To(BeTrue())
			g.Expect(cached.Unwritten.Nodes).To(BeEmpty(), "by now it may be done")
		})
	}
}

// A node is tried again when every other one is finished.
func TestWhenANodeIsTriedAgain(t *testing.T) {
	waiting := func() *wrappers.PodWrapper { return named(pod("a").Gated(), "again") }
	skipped := entry("b", v1beta1.RecordSkipped)
	forGood := stoppedIn("b", 1, "b-1")
	forGood.Reason = v1beta1.ReasonNodeFailurePolicy
	for name, test := range map[string]struct {
		job     *wrappers.JobWrapper
		b       *wrappers.PodWrapper
		entries []v1beta1.NodeRecord
		guard   Guard
		want    []string
	}{
		"the other one works":                  {job: retrying(1), b: pod("b")},
		"the other one waits for its turn":     {job: retrying(1).Parallelism("1"), b: pod("b").Gated(), want: []string{"b"}},
		"the other one has no pod":             {job: retrying(1)},
		"the other one is done":                {job: retrying(1), b: pod("b").Completed(), want: []string{"a"}},
		"the other one is recorded as done":    {job: retrying(1), b: pod("b").Gated(), entries: []v1beta1.NodeRecord{done("b")}, want: []string{"a"}},
		"the other one is skipped":             {job: retrying(1), b: pod("b").Gated(), entries: []v1beta1.NodeRecord{skipped}, want: []string{"a"}},
		"the other one failed for good":        {job: retrying(1).MaxFailedNodes("1"), b: pod("b").Gated(), entries: []v1beta1.NodeRecord{forGood}, want: []string{"a"}},
		"the other one failed at its last try": {job: retrying(1).MaxFailedNodes("1"), b: pod("b").Gated(), entries: []v1beta1.NodeRecord{stoppedIn("b", 2, "b-2")}, want: []string{"a"}},
		"the other one waits for a try":        {job: retrying(1), b: pod("b").Gated(), entries: []v1beta1.NodeRecord{stoppedIn("b", 1, "b-1")}, want: []string{"a", "b"}},
		"one after the other":                  {job: retrying(1).Parallelism("1"), b: pod("b").Gated(), entries: []v1beta1.NodeRecord{stoppedIn("b", 1, "b-1")}, want: []string{"a"}},
		"the other one is in another try":      {job: retrying(1), b: named(pod("b"), "b-2"), entries: []v1beta1.NodeRecord{stoppedIn("b", 1, "b-1")}, want: []string{"a"}},
		"its slot is taken by another try":     {job: retrying(1).Parallelism("1"), b: named(pod("b"), "b-2"), entries: []v1beta1.NodeRecord{stoppedIn("b", 1, "b-1")}},
		"the other one is being stopped":       {job: retrying(1), b: named(crashing("b").Terminating(), "b-1"), entries: []v1beta1.NodeRecord{stoppedIn("b", 1, "b-1")}, want: []string{"a"}},
		"which holds the only slot":            {job: retrying(1).Parallelism("1"), b: named(crashing("b").Terminating(), "b-1"), entries: []v1beta1.NodeRecord{stoppedIn("b", 1, "b-1")}},
		"suspended by the user":                {job: retrying(1).Suspend(true), b: pod("b").Completed()},
		"without the policy":                   {job: retrying(1), b: pod("b").Completed(), guard: missing},
		"a Job that never ends":                {job: retrying(1).Never(), b: pod("b").Completed(), want: []string{"a"}},
		"one that never ends, and works":       {job: retrying(1).Never(), b: pod("b")},
		"the user took the retries away":       {job: once().MaxFailedNodes("1"), b: pod("b").Completed()},
	} {
		t.Run(name, func(t *testing.T) {
			all := pods(waiting().Created(1))
			if test.b != nil {
				all = append(all, test.b.Created(2))
			}
			s := stateWith(test.job, gatedDaemonSet(2, 2), all...)
			if test.b == nil {
				s.Nodes[1].Name, s.Nodes[1].UID = "b", "b-uid"
			}
			s = guardedBy(test.guard, recordedIn(aRun, s, append(test.entries, stoppedIn("a", 1, "first"))...))
			NewWithT(t).Expect(nodesOf(Compute(s).Ungate)).To(ConsistOf(test.want))
		})
	}
}

// A Job that is resumed starts over at try 1, on nodes that are neither done nor skipped.
func TestAResumeStartsOverAtTryOne(t *testing.T) {
	g := NewWithT(t)
	j := withRules(retrying(1), when(fail, 42))
	j.Job.Status.RetryTime = new(metav1.NewTime(now.Add(-30 * time.Second)))
	forGood := stoppedIn("b", 2, "b-2")
	forGood.Reason = v1beta1.ReasonNodeFailurePolicy
	entries := []v1beta1.NodeRecord{stoppedIn("a", 2, "a-2"), forGood, done("c"), entry("d", v1beta1.RecordSkipped)}
	second := now.Unix()
	s := recordedIn(aRun, recordable(j, pod("a").Gated().Created(second), pod("b").Gated().Created(second), pod("c").Gated(), pod("d").Gated()), entries...)
	p := Compute(s)
	g.Expect(nodesOf(p.Ungate)).To(ConsistOf("a", "b"))
	g.Expect(p.Status.Status).To(And(HaveField("Succeeded", int32(1)), HaveField("Skipped", int32(1)), HaveField("Failed", int32(0))))

	s = afterwards(s, p, named(crashing("a").Created(second), "a-3"), pod("b").Created(second), pod("c").Gated(), pod("d").Gated())
	p = Compute(s)
	g.Expect(pageEntries(p)).To(ContainElement(And(HaveField("Node", "a"), HaveField("PodUID", types.UID("a-3")), HaveField("Try", int32(1)))))
	g.Expect(p.Status.Outcome.Result).To(Equal(Undecided), "it has a try left")
}

// In a Job that never ends, its fields alone make pods that are made again wait for the manager.
func TestWhichJobsThatNeverEndAreGated(t *testing.T) {
	for name, test := range map[string]struct {
		job  *wrappers.JobWrapper
		want bool
	}{
		"plain":               {job().Never(), false},
		"no retries":          {withRetries(job().Never(), 0), false},
		"retries":             {withRetries(job().Never(), 1), true},
		"a deadline for each": {withNodeDeadline(job().Never(), 60), true},
		"rules":               {withRules(job().Never(), when(skip, 42)), true},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := stateWith(test.job, daemonSet(2, 2), pod("a"), pod("b"))
			s.Records.Known = true
			g.Expect(Compute(s).Status.Status.Gated).To(Equal(test.want))
		})
	}
}

// A node that joins a Job that never ends is finished before a failed one is tried again.
func TestANodeThatJoinsComesFirst(t *testing.T) {
	g := NewWithT(t)
	entries := []v1beta1.NodeRecord{stoppedIn("a", 1, "first"), done("b")}
	s := recordedIn(aRun, recordable(retrying(1).Never(), pod("a").Gated(), pod("b").Completed(), pod("c").Gated()), entries...)
	p := Compute(s)
	g.Expect(nodesOf(p.Ungate)).To(Equal([]string{"c"}))
	p = Compute(afterwards(s, p, pod("a").Gated(), pod("b").Completed(), pod("c").Completed()))
	g.Expect(nodesOf(p.Ungate)).To(Equal([]string{"a"}))
}
