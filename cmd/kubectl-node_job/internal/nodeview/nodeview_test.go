package nodeview

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/golden"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func ago(seconds int) time.Time { return now.Add(-time.Duration(seconds) * time.Second) }

// aJob has a status in which much happens.
var aJob = wrappers.Job("ops", "disk-report").Generation(1).UID("j-uid").Status(v1beta1.JobStatus{
	Phase: v1beta1.PhaseRunning, ObservedGeneration: 1, Completed: "5/12", Failed: 2, Skipped: 1, Active: 2,
	StartTime: new(metav1.NewTime(ago(200))), LeftOutNodes: []string{"node-20", "node-21"},
	Conditions: []metav1.Condition{{Type: v1beta1.JobBlocked, Status: metav1.ConditionTrue, Reason: v1beta1.ReasonPodsWaiting,
		Message: "1 pod cannot start: node-8: ImagePullBackOff: Back-off pulling image \"example.com/work:v0\"\nmore"}},
}).Obj()

// someViews has a node in each state.
func someViews() []plan.NodeView {
	code := func(n int32) *int32 { return &n }
	return []plan.NodeView{
		{Node: "node-10", State: plan.NodeFailed, Attempts: 7, ExitCode: code(3), Since: ago(30), Why: "BackoffLimitExceeded: restarted 6 times, ended last with exit code 3; its last lines:\nreading\ncat: /etc/foo: No such file or directory"},
		{Node: "node-9", State: plan.NodeFailed, Why: "DeadlineExceeded: no pod was running when its time was over"},
		{Node: "node-1", State: plan.NodeDone, Attempts: 1, ExitCode: code(0), Since: ago(100)},
		{Node: "node-2", State: plan.NodeDone, Attempts: 2, ExitCode: code(0), Since: ago(90), Pod: &plan.Pod{Name: "disk-report-daemonset-job-x7k2p"}},
		{Node: "node-8", State: plan.NodeWorking, Since: ago(61), Why: "ImagePullBackOff: Back-off pulling image", Pod: &plan.Pod{Name: "disk-report-daemonset-job-9q2vl"}},
		{Node: "node-7", State: plan.NodeWaiting, Why: "waiting for its turn"},
		{Node: "node-6", State: plan.NodeSkipped, Attempts: 1, ExitCode: code(42), Since: ago(5), Why: "a rule of nodeFailurePolicy skips it"},
		{Node: "node-5", State: plan.NodeRetried, Attempts: 1, ExitCode: code(1), Since: ago(5), Why: "restarted 0 times; it is tried again"},
		{Node: "node-20", State: plan.NodeLeftOut, Since: ago(86400), Why: "not Ready since before the Job started"},
		{Node: "node-30", State: plan.NodeNotRun, Why: "the Job was over before it was done"},
	}
}

func TestTheTableFitsTheWidth(t *testing.T) {
	for _, width := range []int{0, 60, 80, 200} {
		for _, wide := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d columns, wide %v", width, wide), func(t *testing.T) {
				g := NewWithT(t)
				views := someViews()
				Sort(views)
				table, err := Table(views, now, wide, width)
				g.Expect(err).NotTo(HaveOccurred())
				golden.Check(t, fmt.Sprintf("table-%d-%v", width, wide), strings.Join(append(Header(aJob, now), table...), "\n")+"\n")
			})
		}
	}
}

func TestTheScreenFitsTheTerminal(t *testing.T) {
	for _, size := range [][2]int{{60, 12}, {80, 24}, {200, 50}} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			g := NewWithT(t)
			lines, err := Screen(aJob, someViews(), now, false, size[0], size[1])
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(len(lines)).To(BeNumerically("<", size[1]))
			golden.Check(t, fmt.Sprintf("screen-%dx%d", size[0], size[1]), strings.Join(lines, "\n")+"\n")
		})
	}
}

func TestTheHeaderOfAJobThatIsNotObserved(t *testing.T) {
	g := NewWithT(t)
	job := wrappers.Job("ns", "j").Generation(1).Status(v1beta1.JobStatus{ObservedGeneration: -1}).Obj()
	g.Expect(Header(job, now)).To(Equal([]string{"Job ns/j: not observed by the operator yet, 0/0 done"}))
	job = aJob.DeepCopy()
	job.Generation = 2
	g.Expect(Header(job, now)).To(ContainElement("The operator has not observed the last change yet"))
}

func TestChangesAreALineANode(t *testing.T) {
	g := NewWithT(t)
	before := []plan.NodeView{{Node: "node-1", State: plan.NodeWorking}, {Node: "node-8", State: plan.NodeWorking}, {Node: "node-10", State: plan.NodeWorking}}
	var after []plan.NodeView
	for _, v := range someViews() {
		if v.Node == "node-1" || v.Node == "node-8" || v.Node == "node-10" || v.Node == "node-7" || v.Node == "node-20" {
			after = append(after, v)
		}
	}
	g.Expect(Changes(before, after)).To(Equal([]string{
		"node-10: Failed, exit code 3, cat: /etc/foo: No such file or directory",
		"node-1: Done",
		"node-20: LeftOut, not Ready since before the Job started",
	}))
}

func TestTheReport(t *testing.T) {
	g := NewWithT(t)
	views := someViews()
	Sort(views)
	var text bytes.Buffer
	g.Expect(WriteJSON(&text, NewReport(aJob, views))).To(Succeed())
	golden.Check(t, "report", text.String())
}

// What a container said last is in the status, and in why a node failed.
func TestTheReportIsSafeForATerminal(t *testing.T) {
	g := NewWithT(t)
	var text bytes.Buffer
	g.Expect(WriteJSON(&text, NewReport(aJob, []plan.NodeView{{Node: "node-1", State: plan.NodeFailed, Why: "\u009b2J\u2066\u200b"}}))).To(Succeed())
	g.Expect(text.String()).To(ContainSubstring(`"why": "\u009b2J\u2066\u200b"`))
}
