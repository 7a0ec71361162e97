package plan

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// place changes the placement of a node of the State.
func place(s *State, name string, placement daemonset.Placement, notReadySince time.Time) {
	for i := range s.Nodes {
		if s.Nodes[i].Name == name {
			s.Nodes[i].Placement, s.Nodes[i].NotReadySince = placement, notReadySince
		}
	}
}

func TestTheNodesOfAJob(t *testing.T) {
	before, after := now.Add(-time.Hour), now.Add(-time.Second) // The Job started ten seconds ago.
	tests := map[string]struct {
		pods      []*wrappers.PodWrapper
		placement daemonset.Placement
		notReady  time.Time
		completed string
		leftOut   []string
		result    Result
		message   string
		blocked   string
	}{
		"all done":                               {pods: pods(pod("a").Completed(), pod("b").Completed()), placement: daemonset.Placed, completed: "2/2", result: Complete, message: "2 nodes done"},
		"tainted after it was done":              {pods: pods(pod("a").Completed(), pod("b").Completed()), placement: daemonset.Tainted, completed: "1/1", result: Complete, message: "1 node done, 1 node with taints that are not tolerated"},
		"excluded by a label":                    {pods: pods(pod("a").Completed(), pod("b").Completed()), completed: "1/1", result: Complete, message: "1 node done"},
		"a tainted node's pod stands for none":   {pods: pods(pod("a").Terminating(), pod("b").Completed()), placement: daemonset.Tainted, completed: "0/1"},
		"NotReady before the start":              {pods: pods(pod("a").Completed()), placement: daemonset.NotReady, notReady: before, completed: "1/1", leftOut: []string{"b"}, result: Complete, message: "1 of 2 nodes done, 1 left out: b NotReady since 2026-01-02T02:04:05Z"},
		"NotReady before the start, tolerated":   {pods: pods(pod("a").Completed(), pod("b").Unschedulable("x")), placement: daemonset.Placed, notReady: before, completed: "1/1", leftOut: []string{"b"}, result: Complete, message: "1 of 2 nodes done, 1 left out: b NotReady since 2026-01-02T02:04:05Z"},
		"NotReady before the start, at work":     {pods: pods(pod("a").Completed(), pod("b")), placement: daemonset.Placed, notReady: before, completed: "1/2", blocked: v1beta1.ReasonNodesNotReady},
		"NotReady after the start":               {pods: pods(pod("a").Completed()), placement: daemonset.NotReady, notReady: after, completed: "1/2", blocked: v1beta1.ReasonNodesNotReady},
		"NotReady after it was done":             {pods: pods(pod("a").Completed(), pod("b").Completed()), placement: daemonset.NotReady, notReady: after, completed: "2/2", result: Complete, message: "2 nodes done"},
		"a done pod, and one of an old template": {pods: pods(pod("a").Completed(), wrappers.Pod(aJob, "b", "h0").Completed()), placement: daemonset.Placed, completed: "1/2"},
		"NotReady before the start, evicted":     {pods: pods(pod("a").Completed(), pod("b").Evicted()), placement: daemonset.Placed, notReady: before, completed: "1/1", leftOut: []string{"b"}, result: Complete, message: "1 of 2 nodes done, 1 left out: b NotReady since 2026-01-02T02:04:05Z"},
		"an evicted pod":                         {pods: pods(pod("a").Completed(), pod("b").Evicted()), placement: daemonset.Placed, completed: "1/2", blocked: v1beta1.ReasonPodsWaiting},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := stateWith(job(), daemonSet(2, 2), test.pods...)
			place(&s, "b", test.placement, test.notReady)
			place(&s, "other-01", test.placement, test.notReady)
			if s.Nodes[1].Name == "other-01" {
				s.Nodes[1].Name = "b"
			}
			if test.placement != daemonset.Placed {
				s.DaemonSet.Status.DesiredNumberScheduled = 1
			}
			tally := s.tally()
			status, outcome := newStatus(&s, &tally, removal{})
			g.Expect(status.Completed).To(Equal(test.completed))
			g.Expect(status.LeftOutNodes).To(Equal(test.leftOut))
			g.Expect(outcome.Result).To(Equal(test.result))
			g.Expect(outcome.Message).To(Equal(test.message))
			g.Expect(status.Blocked).To(Equal(test.blocked))
		})
	}
}

// The DaemonSet controller can make two pods on a node by mistake.
func TestTheBestPodSpeaksForItsNode(t *testing.T) {
	g := NewWithT(t)
	inOrder := []PodState{Failed, Gated, Active, Succeeded}
	for i, worse := range inOrder {
		for _, better := range inOrder[i+1:] {
			s := stateWith(job(), daemonSet(1, 1))
			s.Nodes = []Node{{Name: "a"}}
			s.Pods = []Pod{podIn(worse, "a", 1), podIn(better, "a", 2)}
			s.index()
			g.Expect(s.bestPods()[s.node("a")]).To(BeIdenticalTo(&s.Pods[1]))
			s.Pods = []Pod{podIn(better, "a", 1), podIn(worse, "a", 2)}
			s.index()
			g.Expect(s.bestPods()[s.node("a")]).To(BeIdenticalTo(&s.Pods[0]))
		}
	}
}

func TestLeftOutNodesAreNamedUpToALimit(t *testing.T) {
	s := stateWith(job(), daemonSet(2*maxNamedNodes, 0))
	for i := range s.Nodes {
		s.Nodes[i].NotReadySince = now.Add(-time.Hour)
	}
	tally := s.tally()
	status, _ := newStatus(&s, &tally, removal{})
	NewWithT(t).Expect(status.LeftOutNodes).To(HaveLen(maxNamedNodes))
}

// One of both has not observed a node that joined or left yet.
func TestTheDaemonSetControllerMustCountTheSameNodes(t *testing.T) {
	g := NewWithT(t)
	for _, counted := range []int32{0, 1, 3} {
		s := stateWith(job(), daemonSet(2, 2), pod("a").Completed(), pod("b").Completed())
		s.DaemonSet.Status.DesiredNumberScheduled = counted
		g.Expect(stepsOf(Compute(s)).daemonSet).To(Equal(KeepDaemonSet))
		g.Expect(Compute(s).Status.Outcome.Result).To(Equal(Undecided), "%d", counted)
	}
}

func TestReadNode(t *testing.T) {
	g := NewWithT(t)
	since, created := metav1.NewTime(now), now.Add(-time.Hour)
	node := func(status corev1.ConditionStatus, taints ...corev1.Taint) *corev1.Node {
		n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n", UID: "u", CreationTimestamp: metav1.NewTime(created)}, Spec: corev1.NodeSpec{Taints: taints}}
		if status != "" {
			n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: status, LastTransitionTime: since}}
		}
		return n
	}
	placer := daemonset.NewPlacer(&AnyNode)
	unreachable := corev1.Taint{Key: corev1.TaintNodeUnreachable, Effect: corev1.TaintEffectNoSchedule}
	g.Expect(ReadNode(node(corev1.ConditionTrue), placer)).To(Equal(Node{Name: "n", UID: "u", Created: created, Placement: daemonset.Placed}))
	g.Expect(ReadNode(node(corev1.ConditionUnknown, unreachable), placer)).To(Equal(Node{Name: "n", UID: "u", Created: created, Placement: daemonset.NotReady, NotReadySince: now}))
	g.Expect(ReadNode(node("", unreachable), placer).NotReadySince).To(Equal(created), "a node that has never reported")
}
