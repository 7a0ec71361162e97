package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// printing is the pod of a failed node that ended with this code and these last lines.
func printing(node string, exitCode int32, log string) *wrappers.PodWrapper {
	return pod(node).Restarted(v1beta1.ContainerName, 7, exitCode, log)
}

func groupsOf(s State) []v1beta1.FailureGroup {
	t := s.tally()
	return s.failureGroups(&t)
}

func TestNodesThatFailedAlikeAreAGroup(t *testing.T) {
	g := NewWithT(t)
	s := stateWith(job(), daemonSet(9, 9),
		printing("n1", 127, "sh: foo: not found\n"),
		printing("n2", 1, "n2: cannot reach 10.0.0.2:6443 after 31 tries\n  at line 7"),
		printing("n3", 1, "n3: cannot reach 10.0.0.3:6443 after 4 tries"),
		printing("n4", 2, "n4: cannot reach 10.0.0.4:6443 after 4 tries"),
		printing("n5", 1, "\n\x1b[31mn5: cannot reach 10.0.0.5:6443 after 4 tries\x1b[0m"),
		printing("n6", 127, ""),
		pod("n7"), pod("n8").Completed())
	g.Expect(groupsOf(s)).To(Equal([]v1beta1.FailureGroup{
		{Reason: v1beta1.ReasonBackoffLimitExceeded, ExitCode: new(int32(1)), Message: "<node>: cannot reach <ip>:# after # tries", Count: 3, Nodes: []string{"n2", "n3", "n5"}},
		{Reason: v1beta1.ReasonBackoffLimitExceeded, ExitCode: new(int32(2)), Message: "<node>: cannot reach <ip>:# after # tries", Count: 1, Nodes: []string{"n4"}},
		{Reason: v1beta1.ReasonBackoffLimitExceeded, ExitCode: new(int32(127)), Message: "restarted # times, ended last with exit code #", Count: 1, Nodes: []string{"n6"}},
		{Reason: v1beta1.ReasonBackoffLimitExceeded, ExitCode: new(int32(127)), Message: "sh: foo: not found", Count: 1, Nodes: []string{"n1"}},
	}))
	g.Expect(groupsOf(stateWith(job(), daemonSet(2, 2), pod("a"), pod("b").Completed()))).To(BeNil(), "nothing failed")
}

func TestNodesPastTheDeadlineAreGroups(t *testing.T) {
	g := NewWithT(t)
	s := stateWith(job().Deadline(5), daemonSet(4, 4), pod("a"), pod("b"), pod("c").Unschedulable("0/4 nodes are available"))
	g.Expect(groupsOf(s)).To(Equal([]v1beta1.FailureGroup{
		{Reason: v1beta1.ReasonDeadlineExceeded, Message: "not done when its time was over: running, not ready", Count: 2, Nodes: []string{"a", "b"}},
		{Reason: v1beta1.ReasonDeadlineExceeded, Message: "no pod was running when its time was over", Count: 1, Nodes: []string{"other-03"}},
		{Reason: v1beta1.ReasonDeadlineExceeded, Message: "not done when its time was over: Unschedulable: #/# nodes are available", Count: 1, Nodes: []string{"c"}},
	}))
}

// A status names a hundred failed nodes. The groups are those of all.
func TestGroupsCountNodesThatAreNotNamed(t *testing.T) {
	g := NewWithT(t)
	var pods []*wrappers.PodWrapper
	for i := range 250 {
		pods = append(pods, printing(fmt.Sprintf("n%03d", i), 1, fmt.Sprintf("disk n%03d-%d is full", i, i)))
	}
	status := Compute(stateWith(job().MaxFailedNodes("99%"), daemonSet(250, 250), pods...)).Status.Status
	g.Expect(status.FailedNodes).To(HaveLen(maxNamedNodes))
	g.Expect(status.FailureGroups).To(Equal([]v1beta1.FailureGroup{{Reason: v1beta1.ReasonBackoffLimitExceeded, ExitCode: new(int32(1)),
		Message: "disk <node>-# is full", Count: 250, Nodes: []string{"n000", "n001", "n002", "n003", "n004"}}}))
}

func TestGroupsAreBounded(t *testing.T) {
	g := NewWithT(t)
	var pods []*wrappers.PodWrapper
	for i := range 26 {
		log := strings.Repeat(string(rune('a'+i)), 2000)
		pods = append(pods, printing(fmt.Sprintf("n%02d", i), 1, log), printing(fmt.Sprintf("o%02d", i), 1, log+"x"))
	}
	groups := groupsOf(stateWith(job(), daemonSet(52, 52), pods...))
	g.Expect(groups).To(HaveLen(maxFailureGroups))
	for i, group := range groups {
		g.Expect(group.Count).To(Equal(int32(2)))
		g.Expect(group.Message).To(Equal(strings.Repeat(string(rune('a'+i)), maxGroupMessage-len("…")) + "…"))
	}
}

// The pod of a node that failed is deleted if its slot is needed. Its record tells the group.
func TestGroupsOfNodesWithoutAPod(t *testing.T) {
	g := NewWithT(t)
	s := stateWith(job(), daemonSet(4, 4), printing("a", 7, "disk 1 is full"))
	recorded := s.failedEntry(&member{node: &s.Nodes[3]}, new(backoffLimitExceeded(new(ReadPod(printing("other-03", 7, "disk 3 is full\nat line 7").Obj())))))
	s.Records.Pages = []*v1beta1.JobRecord{{Spec: v1beta1.JobRecordSpec{Run: s.run()}}}
	for _, node := range s.Nodes[1:] {
		s.Records.Pages[0].Spec.Nodes = append(s.Records.Pages[0].Spec.Nodes, v1beta1.NodeRecord{Node: node.Name, NodeUID: node.UID, Attempts: 7,
			Result: v1beta1.RecordFailed, Reason: v1beta1.ReasonBackoffLimitExceeded, ExitCode: new(int32(7)), EndTime: new(metav1.NewTime(now))})
	}
	s.Records.Pages[0].Spec.Nodes[0].Output = "disk 2 is full\nat line 7"
	s.Records.Pages[0].Spec.Nodes[2] = recorded
	s.index()
	g.Expect(groupsOf(s)).To(Equal([]v1beta1.FailureGroup{
		{Reason: v1beta1.ReasonBackoffLimitExceeded, ExitCode: new(int32(7)), Message: "disk # is full", Count: 3, Nodes: []string{"a", "other-01", "other-03"}},
		{Reason: v1beta1.ReasonBackoffLimitExceeded, ExitCode: new(int32(7)), Message: "failed at attempt #, and was stopped", Count: 1, Nodes: []string{"other-02"}},
	}))
}

// The pods are in no order, and the same failures must not look like others.
func TestGroupsDoNotDependOnTheOrderOfPods(t *testing.T) {
	g := NewWithT(t)
	s := stateWith(job(), daemonSet(60, 60), hostilePods()...)
	s.Job.Spec.BackoffLimit = new(int32(1))
	first := groupsOf(s)
	g.Expect(first).NotTo(BeEmpty())
	slices.Reverse(s.Pods)
	slices.Reverse(s.Nodes)
	s.index()
	g.Expect(groupsOf(s)).To(Equal(first))
}

func BenchmarkFailureGroups(b *testing.B) {
	const nodes = 15000
	var pods []*wrappers.PodWrapper
	for i := range nodes {
		name := fmt.Sprintf("ip-10-0-%d-%d.ec2.internal", i/250, i%250)
		pods = append(pods, printing(name, int32(i%3), fmt.Sprintf("2026-11-28T22:12:00.%06dZ %s: failed to pull 4fa6e0f0c%03x of %d from 10.0.%d.%d:5000: try %d\nmore", i, name, i%4096, i, i/250, i%250, i%7)))
	}
	s := stateWith(job(), daemonSet(nodes, nodes), pods...)
	t := s.tally()
	for b.Loop() {
		if groups := s.failureGroups(&t); len(groups) != 3 {
			b.Fatal(groups)
		}
	}
}
