package plan

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

func nodesOf(pods []Pod) []string {
	nodes := []string{}
	for i := range pods {
		nodes = append(nodes, pods[i].Node)
	}
	return nodes
}

// podIn is the pod of the present template on a node, in this state.
func podIn(state PodState, node string, created int64) Pod {
	p := Pod{Owner: aDaemonSet, Node: node, Name: node, UID: types.UID(node), State: state, TemplateHash: hash, Created: time.Unix(created, 0)}
	if state == Failed {
		p.State, p.Restarts, p.WorkFailed = Active, 99, true
	}
	return p
}

func TestPodsToUngate(t *testing.T) {
	old, terminating := podIn(Gated, "old", 0), podIn(Gated, "terminating", 0)
	old.TemplateHash, terminating.Terminating = "h0", true
	stopping := podIn(Active, "stopping", 0)
	stopping.Terminating, stopping.Started, stopping.TemplateHash = true, true, "h0"
	foreign := podIn(Active, "foreign", 0)
	foreign.Owner, foreign.TemplateHash = "an-earlier-daemonset", "h0"
	dead := podIn(Active, "dead", 0)
	dead.Terminating, dead.DeletionTime = true, now.Add(-time.Second)
	dying := podIn(Active, "dying", 0)
	dying.Terminating, dying.DeletionTime = true, now.Add(time.Second)
	failing := podIn(Failed, "failing", 0)
	failing.Terminating, failing.Started = true, true
	crowded := podIn(Gated, "a", 1)
	crowded.Blocker.Reason = v1beta1.ReasonTooManyContainers
	orphan := podIn(Succeeded, "a", 1)
	orphan.Owner, orphan.TemplateHash = "an-earlier-daemonset", "h0"
	second := podIn(Gated, "a", 2)
	second.Name, second.UID = "second", "second"
	tests := map[string]struct {
		pods   []Pod
		limit  int
		ungate []string
	}{
		"no limit":                              {[]Pod{podIn(Gated, "b", 1), podIn(Gated, "a", 1)}, unlimited, []string{"a", "b"}},
		"no free slot":                          {[]Pod{podIn(Active, "a", 1), podIn(Gated, "b", 1)}, 1, []string{}},
		"one free slot":                         {[]Pod{podIn(Active, "a", 1), podIn(Gated, "b", 1), podIn(Gated, "c", 1)}, 2, []string{"b"}},
		"succeeded, lost hold no slot":          {[]Pod{podIn(Succeeded, "a", 1), podIn(Lost, "c", 1), podIn(Gated, "d", 1)}, 1, []string{"d"}},
		"a failed one does until it is stopped": {[]Pod{podIn(Failed, "b", 1), podIn(Gated, "d", 1)}, 1, []string{}},
		"the older pods first":                  {[]Pod{podIn(Gated, "a", 2), podIn(Gated, "b", 1)}, 1, []string{"b"}},
		"an old or terminating pod stays gated": {[]Pod{old, terminating}, unlimited, []string{}},
		"a terminating pod holds its slot":      {[]Pod{stopping, podIn(Gated, "a", 1)}, 1, []string{}},
		"a predecessor's pod holds a slot":      {[]Pod{foreign, podIn(Gated, "a", 1)}, 1, []string{}},
		"stopped before it ever started":        {[]Pod{dead, podIn(Gated, "a", 1)}, 1, []string{"a"}},
		"in its grace period, it may start":     {[]Pod{dying, podIn(Gated, "a", 1)}, 1, []string{}},
		"a failed pod that is being stopped":    {[]Pod{failing, podIn(Gated, "a", 1)}, 1, []string{}},
		"two pods never work on a node":         {[]Pod{podIn(Active, "a", 1), second}, 2, []string{}},
		"a second pod of a node that is done":   {[]Pod{podIn(Succeeded, "a", 1), second}, 2, []string{}},
		"one that cannot be judged":             {[]Pod{crowded, podIn(Gated, "b", 2)}, 1, []string{"b"}},
		"beside an orphan that is done":         {[]Pod{orphan, second}, 2, []string{}},
		"beside one that failed":                {[]Pod{podIn(Failed, "a", 1), second}, 2, []string{}},
		"beside one that ended as a whole":      {[]Pod{podIn(Lost, "a", 1), second}, 2, []string{"a"}},
		"more work than a lowered limit":        {[]Pod{podIn(Active, "a", 1), podIn(Active, "b", 1), podIn(Gated, "c", 1)}, 1, []string{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			j := job()
			if test.limit != unlimited {
				j.Parallelism(fmt.Sprint(test.limit))
			}
			state := stateWith(j, daemonSet(9, 9))
			state.Pods, state.Nodes = test.pods, nil
			for _, pod := range test.pods {
				state.Nodes = append(state.Nodes, Node{Name: pod.Node, Placement: daemonset.Placed})
			}
			state.index()
			m := state.membership()
			ungate, _ := state.podsToUngate(&m, nil)
			NewWithT(t).Expect(nodesOf(ungate)).To(Equal(test.ungate))
		})
	}
}

func TestPodsToDelete(t *testing.T) {
	g := NewWithT(t)
	old, terminating := podIn(Succeeded, "old", 0), podIn(Failed, "terminating", 0)
	old.TemplateHash, terminating.Terminating = "h0", true
	state := stateWith(wrappers.Job("ns", "j"), daemonSet(7, 7))
	oldTerminating, foreign := old, podIn(Failed, "foreign", 0)
	oldTerminating.Terminating, foreign.Owner = true, "another-daemonset"
	state.Pods = []Pod{old, terminating, podIn(Succeeded, "a", 0), podIn(Failed, "b", 0), podIn(Active, "c", 0), podIn(Gated, "d", 0), podIn(Lost, "e", 0), oldTerminating, foreign}
	g.Expect(nodesOf(state.podsToReplace())).To(Equal([]string{"old"}))
	g.Expect(nodesOf(state.podsToStop())).To(Equal([]string{"b", "c", "e"}))
	state.Job.Status.RetryTime = new(metav1.NewTime(now))
	g.Expect(nodesOf(state.podsToRetry().pods)).To(Equal([]string{"b"}))
}

// A node that is no longer the Job's, or that waits for its next turn, starts nothing.
func TestWhichNodesStart(t *testing.T) {
	g := NewWithT(t)
	s := stateWith(job(), daemonSet(3, 3), pod("a").Gated(), pod("b").Gated(), pod("c").Gated())
	place(&s, "a", daemonset.NotReady, now)
	s.Backoff = map[string]time.Time{"b": now.Add(time.Minute), "c": now}
	m := s.membership()
	ungate, retry := s.podsToUngate(&m, nil)
	g.Expect(nodesOf(ungate)).To(Equal([]string{"c"}))
	g.Expect(retry).To(Equal(time.Minute))
}

func TestPodsToReclaim(t *testing.T) {
	for name, test := range map[string]struct {
		change  func(*State, *Pod)
		reclaim []string
		retry   time.Duration
	}{
		"unschedulable":                 {func(*State, *Pod) {}, []string{"a"}, 0},
		"since a short time":            {func(_ *State, p *Pod) { p.UngatedAt = now.Add(-29 * time.Second) }, []string{}, time.Second},
		"it preempts another pod":       {func(_ *State, p *Pod) { p.Preempting = true }, []string{}, 0},
		"it is scheduled":               {func(_ *State, p *Pod) { p.Unschedulable = false }, []string{}, 0},
		"it is being stopped":           {func(_ *State, p *Pod) { p.Terminating = true }, []string{}, 0},
		"it is lost":                    {func(_ *State, p *Pod) { p.State = Lost }, []string{}, 0},
		"of another DaemonSet":          {func(_ *State, p *Pod) { p.Owner = "other" }, []string{}, 0},
		"without parallelism":           {func(s *State, _ *Pod) { s.Job.Spec.Parallelism = nil }, []string{}, 0},
		"it would be made with no gate": {func(s *State, _ *Pod) { s.DaemonSet.Spec.Template.Spec.SchedulingGates = nil }, []string{}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := stateWith(job().Parallelism("1"), gatedDaemonSet(1, 1), pod("a").Unschedulable("full").Created(now.Unix()-30))
			test.change(&s, &s.Pods[0])
			reclaim, retry := s.podsToReclaim()
			NewWithT(t).Expect(nodesOf(reclaim)).To(Equal(test.reclaim))
			NewWithT(t).Expect(retry).To(Equal(test.retry))
		})
	}
}

// However often a pod failed, the kubelet restarts it: at the same time as the work of a new DaemonSet.
func TestPodsOfPredecessor(t *testing.T) {
	crashing, done, orphan, gated := podIn(Failed, "a", 0), podIn(Succeeded, "b", 0), podIn(Active, "c", 0), podIn(Gated, "d", 0)
	orphan.Owner = ""
	stopping := podIn(Active, "e", 0)
	stopping.Owner, stopping.Terminating, stopping.Started = "", true, true
	nodes := []Node{{Name: "a"}, {Name: "b"}, {Name: "c"}, {Name: "d"}, {Name: "e"}}
	stopped := PodsOfPredecessor([]Pod{crashing, done, orphan, gated, stopping}, nodes, now)
	NewWithT(t).Expect(nodesOf(stopped)).To(Equal([]string{"a", "e"}))
}

// A node of the same name may join before the DaemonSet controller deletes the pod.
func TestAPodThatIsNotScheduledHoldsItsSlotWhenItsNodeIsGone(t *testing.T) {
	g, s := NewWithT(t), stateWith(job(), daemonSet(1, 1))
	unscheduled := podIn(Active, "gone", 0)
	g.Expect(s.holdsSlot(&unscheduled)).To(BeTrue())
	scheduled := unscheduled
	scheduled.ScheduledAt = now
	g.Expect(s.holdsSlot(&scheduled)).To(BeFalse())
}
