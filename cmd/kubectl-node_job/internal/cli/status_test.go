package cli

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/golden"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/nodeview"
)

// aRun is a Job with a node in each of five states.
func aRun(w *world) *v1beta1.Job {
	job := w.start(w.newJob("report").Obj())
	w.finish(w.pod(job, 1), 0, "ok\n")
	w.finish(w.pod(job, 2), 3, "cat: /etc/foo: No such file or directory\n")
	w.pod(job, 3)
	w.Expect(w.k8s.Create(w.ctx, &v1beta1.JobRecord{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: "report-12345678-0", Labels: plan.PageLabels(job)},
		Spec: v1beta1.JobRecordSpec{Run: v1beta1.JobRun{TemplateHash: w.templateHash, Generation: 1}, Nodes: []v1beta1.NodeRecord{{
			Node: w.node(4), NodeUID: w.uidOf(4), Result: v1beta1.RecordFailed, Reason: v1beta1.ReasonNodeDeadlineExceeded, Attempts: 2,
			ExitCode: new(int32(7)), EndTime: new(metav1.NewTime(w.at.Add(55 * time.Second))), Output: "half done\n",
		}}},
	})).To(Succeed())
	return w.status(job, func(s *v1beta1.JobStatus) {
		s.Completed, s.Desired, s.Succeeded, s.Failed, s.Active = "1/5", 5, 1, 2, 1
		condition(v1beta1.JobBlocked, v1beta1.ReasonPodsWaiting, "a pod waits")(s)
	})
}

func TestStatusShowsALineANode(t *testing.T) {
	w := newWorld(t, 5)
	aRun(w)
	code, stdout, stderr := w.plugin("status", "report")
	w.Expect(stderr).To(BeEmpty())
	golden.Check(t, "status-pipe", stdout)
	w.Expect(code).To(Equal(1))

	code, stdout, _ = w.plugin("status", "report", "-o", "wide")
	golden.Check(t, "status-wide", stdout)
	w.Expect(code).To(Equal(1))

	_, stdout, _ = w.plugin("status", "report", "-o", "json")
	var report nodeview.Report
	w.Expect(json.Unmarshal([]byte(stdout), &report)).To(Succeed())
	w.Expect(report.Observed).To(BeTrue())
	w.Expect(report.Nodes).To(HaveLen(5))
}

func TestStatusFitsTheTerminal(t *testing.T) {
	w := newWorld(t, 5)
	aRun(w)
	for _, width := range []int{60, 80, 200} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			term := openTerminal(t, width, 24)
			code := term.run(w, "status", "report")
			golden.Check(t, fmt.Sprintf("status-%d", width), w.neutral(term.text()))
			NewWithT(t).Expect(code).To(Equal(1))
		})
	}
}

func TestStatusSaysWhatIsNotFound(t *testing.T) {
	w := newWorld(t, 0)
	code, stdout, stderr := w.plugin("status", "nothing")
	w.Expect(stderr).To(Equal("error: Job \"nothing\" is not in namespace \"test-xxxxx\", or was deleted: choose another by --namespace: not found\n"))
	w.Expect(stdout).To(BeEmpty())
	w.Expect(code).To(Equal(2))
}

// A user who may see Jobs and nothing else sees what their status and records say.
func TestStatusOfAUserWithFewRights(t *testing.T) {
	w := newWorld(t, 5)
	aRun(w)
	w.kubeconfig = userWith(t, rule(v1beta1.GroupVersion.Group, []string{"jobs", "jobrecords"}, "get", "list", "watch"))
	code, stdout, stderr := w.plugin("status", "report")
	w.Expect(code).To(Equal(1))
	golden.Check(t, "status-few-rights", stderr+"---\n"+stdout)
}

// --watch lists each kind at most once, however often something changes.
func TestStatusWatchFollowsWithoutPolling(t *testing.T) {
	w := newWorld(t, 3)
	job := w.start(w.newJob("report").Obj())
	p := w.begin("status", "report", "--watch")
	w.Eventually(p.out.String).Should(ContainSubstring("Job " + w.ns + "/report: Running"))
	watches, others := p.requests.count()
	for i := 1; i <= 3; i++ {
		pod := w.pod(job, i)
		w.Eventually(p.out.String).Should(ContainSubstring(w.node(i) + ": Working"))
		w.finish(pod, int32(i-1), "text\n")
		w.Eventually(p.out.String).Should(ContainSubstring(w.node(i) + ": " + map[bool]string{true: "Done", false: "Failed"}[i == 1]))
	}
	w.Expect(p.requests.others[others:]).To(BeEmpty())
	now, _ := p.requests.count()
	w.Expect(now).To(Equal(watches))
	w.status(job, func(s *v1beta1.JobStatus) {
		s.Phase, s.Failed, s.Completed = v1beta1.PhaseComplete, 2, "1/3"
		condition(v1beta1.JobComplete, v1beta1.ReasonFailuresTolerated, "1 of 3 nodes done")(s)
	})
	code, stdout, _ := p.wait()
	w.Expect(code).To(Equal(1))
	golden.Check(t, "status-watch", stdout)
}

// Two lines are too few for three nodes: the one that failed stays on the screen.
func TestStatusWatchOnATerminalStaysInPlace(t *testing.T) {
	w := newWorld(t, 5)
	job := aRun(w)
	term := openTerminal(t, 80, 8)
	code := term.start(w, "status", "report", "--watch")
	w.Eventually(term.text).Should(And(ContainSubstring("Failed"), ContainSubstring("more, of 5 nodes, are not shown")))
	before := w.neutral(term.text())
	w.Expect(w.k8s.Delete(w.ctx, job)).To(Succeed())
	w.Eventually(code).Should(Receive(Equal(1)))
	golden.Check(t, "status-watch-80x8", before+"--- deleted\n"+w.neutral(term.text()))
}
