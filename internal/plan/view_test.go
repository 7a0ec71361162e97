package plan

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

func TestViewSaysHowFarEachNodeIs(t *testing.T) {
	ended := metav1.NewTime(now.Add(-time.Minute))
	failedEntry := v1beta1.NodeRecord{Node: "a", NodeUID: "a-uid", Result: v1beta1.RecordFailed, Reason: v1beta1.ReasonBackoffLimitExceeded,
		ExitCode: new(int32(3)), Attempts: 7, EndTime: &ended}
	failedStatus := started(100)
	failedStatus.Conditions = []metav1.Condition{{Type: v1beta1.JobFailed, Status: metav1.ConditionTrue}}
	failedStatus.FailedNodes = []v1beta1.FailedNode{{Node: "a", Reason: v1beta1.ReasonBackoffLimitExceeded, ExitCode: new(int32(4)), Message: "restarted 7 times"}}
	for name, test := range map[string]struct {
		state State
		want  NodeView
	}{
		"gated":                {stateWith(job(), daemonSet(1, 1), pod("a").Gated()), NodeView{State: NodeWaiting, Why: "waiting for its turn"}},
		"no pod":               {stateWith(job(), daemonSet(1, 0)), NodeView{State: NodeWaiting, Why: "no pod yet"}},
		"suspended":            {stateWith(job().Suspend(true), daemonSet(1, 0)), NodeView{State: NodeWaiting, Why: "the Job is suspended"}},
		"at work":              {stateWith(job(), daemonSet(1, 1), bound(pod("a").ContainersReady(), 9)), NodeView{State: NodeWorking, Attempts: 1, Since: now.Add(-9 * time.Second), Why: "running"}},
		"at work in Exit mode": {stateWith(job(), daemonSet(1, 1), pending(pod("a").Exit("work"))), NodeView{State: NodeWorking, Attempts: 1, Why: "running"}},
		"done":                 {stateWith(job(), daemonSet(1, 1), pod("a").Completed()), NodeView{State: NodeDone, Attempts: 1, ExitCode: new(int32(0))}},
		"crashing":             {stateWith(job(), daemonSet(1, 1), crashing("a")), NodeView{State: NodeFailed, Attempts: 8, ExitCode: new(int32(3)), Why: "BackoffLimitExceeded: restarted 7 times, ended last with exit code 3; its last lines:\nboom"}},
		"recorded":             {recordedIn(aRun, stateWith(once(), daemonSet(1, 0)), failedEntryOf(failedEntry, "other-00")), NodeView{State: NodeFailed, Attempts: 7, ExitCode: new(int32(3)), Since: ended.Time, Why: "BackoffLimitExceeded: failed at attempt 7, and was stopped"}},
		"tried again": {recordedIn(aRun, stateWith(withRetries(once(), 1), daemonSet(1, 0)), failedEntryOf(failedEntry, "other-00")),
			NodeView{State: NodeRetried, Attempts: 7, ExitCode: new(int32(3)), Since: ended.Time, Why: "failed at attempt 7, and was stopped; it is tried again"}},
		"in the status of a Failed Job": {stateWith(job().Status(failedStatus), nil, pod("a")), NodeView{State: NodeFailed, ExitCode: new(int32(4)), Why: "BackoffLimitExceeded: restarted 7 times"}},
		"past the deadline":             {stateWith(job().Deadline(5), daemonSet(1, 0)), NodeView{State: NodeFailed, Why: "DeadlineExceeded: no pod was running when its time was over"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			views := View(test.state)
			g.Expect(views).To(HaveLen(1))
			got := views[0]
			got.Node, got.Pod, got.Entry = "", nil, nil
			g.Expect(got).To(Equal(test.want))
		})
	}
}

// pending is a pod in the phase that it has until its init containers have ended.
func pending(w *wrappers.PodWrapper) *wrappers.PodWrapper {
	w.Pod.Status.Phase = corev1.PodPending
	return w
}

// failedEntryOf returns the entry for another node.
func failedEntryOf(entry v1beta1.NodeRecord, node string) v1beta1.NodeRecord {
	entry.Node, entry.NodeUID = node, types.UID(node+"-uid")
	return entry
}

func TestViewLeavesOutNodesThatDoNotMatch(t *testing.T) {
	g := NewWithT(t)
	s := stateWith(job(), daemonSet(4, 0))
	s.Nodes[0].Placement, s.Nodes[1].Placement = daemonset.Excluded, daemonset.Tainted
	s.Nodes[2].NotReadySince = now.Add(-time.Hour)
	g.Expect(View(s)).To(HaveExactElements(
		And(HaveField("Node", "other-02"), HaveField("State", NodeLeftOut), HaveField("Since", now.Add(-time.Hour))),
		And(HaveField("Node", "other-03"), HaveField("State", NodeWaiting)),
	))
}

// A verdict stays: a node that joins a finished Job is none that failed.
func TestViewOfAFinishedJobCountsNoDeadline(t *testing.T) {
	g := NewWithT(t)
	status := started(1000)
	status.Conditions = []metav1.Condition{{Type: v1beta1.JobComplete, Status: metav1.ConditionTrue}}
	s := stateWith(job().Deadline(5).Status(status), daemonSet(2, 1), pod("a").Completed())
	g.Expect(View(s)).To(HaveExactElements(HaveField("State", NodeDone), HaveField("State", NodeNotRun)))
}
