package cli

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/results"
)

// succeeded is the entry of a node that is done.
func (w *world) succeeded(i int, output string) v1beta1.NodeRecord {
	return v1beta1.NodeRecord{
		Node: w.node(i), NodeUID: types.UID(fmt.Sprintf("node-uid-%d", i)), Result: v1beta1.RecordSucceeded, Attempts: 1, ExitCode: new(int32(0)),
		StartTime: new(metav1.NewTime(w.at.Add(10 * time.Second))), EndTime: new(metav1.NewTime(w.at.Add(40 * time.Second))), Output: output,
	}
}

// records creates a page of a run of a Job, which need not be there. If it is, the run is of the
// template that the Job has.
func (w *world) records(name string, uid types.UID, number int, generation int64, nodes ...v1beta1.NodeRecord) {
	w.t.Helper()
	w.Expect(w.k8s.Create(w.ctx, &v1beta1.JobRecord{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: w.ns, Name: fmt.Sprintf("%s-%.8s-%d", name, uid, number), Labels: plan.PageLabels(wrappers.Job(w.ns, name).UID(string(uid)).Obj()),
		},
		Spec: v1beta1.JobRecordSpec{Run: v1beta1.JobRun{TemplateHash: cmp.Or(w.templateHash, fmt.Sprintf("h%d", generation)), Generation: generation}, RetainSeconds: new(int32(3600)), Nodes: nodes},
	})).To(Succeed())
}

// aResult is a Job with six nodes: two are done and recorded, one failed, one is done without a
// record, one works, and one waits.
func aResult(w *world) *v1beta1.Job {
	job := w.start(w.newJob("report").Obj())
	first, second := w.succeeded(1, `{"kernel":"6.12.0","uptime":86400}`), w.succeeded(2, `{"kernel":"6.1.0","note":"=1+1"}`)
	first.NodeUID, second.NodeUID = w.uidOf(1), w.uidOf(2)
	failed := w.succeeded(3, "before it was tried again")
	failed.NodeUID, failed.Result, failed.Reason, failed.ExitCode, failed.Attempts = w.uidOf(3), v1beta1.RecordFailed, v1beta1.ReasonBackoffLimitExceeded, new(int32(3)), 2
	again := failed
	again.Output, again.Message = "cat: /etc/foo: No such file or directory", "cat: /etc/foo: No such file or directory"
	w.records("report", job.UID, 0, 1, first, failed)
	w.records("report", job.UID, 1, 1, second, again)
	w.finish(w.pod(job, 4), 0, "not recorded\n")
	w.pod(job, 5)
	return w.status(job, func(s *v1beta1.JobStatus) {
		s.Phase, s.Completed, s.Desired, s.Succeeded, s.Failed, s.Active = v1beta1.PhaseRunning, "3/6", 6, 3, 1, 1
	})
}

// columns returns the lines of a table with one space between its columns.
func columns(table string) []string {
	var lines []string
	for line := range strings.Lines(table) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return lines
}

func TestResultsHaveALineANode(t *testing.T) {
	w := newWorld(t, 6)
	aResult(w)
	code, stdout, stderr := w.plugin("results", "report")
	w.Expect(stderr).To(BeEmpty())
	w.Expect(columns(stdout)).To(Equal([]string{
		"Job test-xxxxx/report: Running, 3/6 done, 1 failed, 1 at work, started 60s ago",
		"NODE STATE EXIT ATTEMPTS ENDED KERNEL UPTIME NOTE OUTPUT",
		"test-xxxxx-1 Done 0 1 20s ago 6.12.0 86400 - -",
		"test-xxxxx-2 Done 0 1 20s ago 6.1.0 - =1+1 -",
		"test-xxxxx-4 Done 0 1 10s ago - - - -",
		"test-xxxxx-6 Waiting - - - - - - no pod yet",
		"test-xxxxx-5 Working - 1 - - - - running",
		"test-xxxxx-3 Failed 3 2 20s ago - - - cat: /etc/foo: No such file or directory",
	}))
	w.Expect(code).To(Equal(1))

	_, stdout, _ = w.plugin("results", "report", "--columns", ".kernel")
	w.Expect(columns(stdout)[1]).To(Equal("NODE STATE EXIT ATTEMPTS ENDED KERNEL"))

	code, stdout, _ = w.plugin("results", "report", "-o", "csv")
	w.Expect(code).To(Equal(1))
	lines, err := csv.NewReader(strings.NewReader(stdout)).ReadAll()
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(lines).To(HaveLen(7))
	w.Expect(lines[0]).To(HaveExactElements("node", "nodeUID", "state", "recorded", "reason", "exitCode", "attempts", "startTime", "endTime", "why", "output", "kernel", "uptime", "note"))
	w.Expect(lines[2][13]).To(Equal("'=1+1"))

	_, stdout, _ = w.plugin("results", "report", "-o", "json")
	var report results.Report
	w.Expect(json.Unmarshal([]byte(stdout), &report)).To(Succeed())
	w.Expect(report.Present).To(BeTrue())
	w.Expect(report.Command).To(Equal([]string{"true"}))
	w.Expect(report.Counts).To(Equal(map[plan.NodeState]int{plan.NodeDone: 3, plan.NodeFailed: 1, plan.NodeWorking: 1, plan.NodeWaiting: 1}))
	w.Expect(report.Nodes[2].Output).To(Equal("cat: /etc/foo: No such file or directory"))

	_, stdout, _ = w.plugin("results", "report", "-o", "html")
	w.Expect(stdout).To(And(HavePrefix("<!doctype html>"), ContainSubstring("cat: /etc/foo: No such file or directory"), HaveSuffix("</html>\n")))
}

func TestResultsFitTheTerminal(t *testing.T) {
	w := newWorld(t, 6)
	aResult(w)
	for _, width := range []int{60, 80, 200} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			term := openTerminal(t, width, 24)
			code := term.run(w, "results", "report")
			g := NewWithT(t)
			g.Expect(code).To(Equal(1))
			_, table, found := strings.Cut(w.neutral(term.text()), "\nNODE") // The line above may be wrapped.
			g.Expect(found).To(BeTrue())
			lines := strings.Split(strings.TrimSpace(table), "\n")
			g.Expect(lines).To(HaveLen(7), "a line of the table is wrapped")
			g.Expect(lines[6]).To(HavePrefix("test-xxxxx-3   Failed"))
		})
	}
}

// The records of a Job that is gone are all that is known of it. Of two entries of one node the last
// one holds.
func TestResultsOfAJobThatIsGone(t *testing.T) {
	w := newWorld(t, 0)
	failed := w.succeeded(2, "no space left on device")
	failed.Result, failed.Reason, failed.ExitCode = v1beta1.RecordFailed, v1beta1.ReasonBackoffLimitExceeded, new(int32(28))
	w.records("report", "aaaaaaaa-1", 0, 1, w.succeeded(1, `{"kernel":"6.12.0"}`), failed)
	code, stdout, stderr := w.plugin("results", "report")
	w.Expect(stderr).To(BeEmpty())
	w.Expect(columns(stdout)).To(Equal([]string{
		"Job test-xxxxx/report, generation 1: 1 Done, 1 Failed, the last node ended 20s ago",
		"The Job is gone: this is what its records say",
		"2 recorded nodes; of nodes without a record nothing is known",
		"NODE STATE EXIT ATTEMPTS ENDED KERNEL OUTPUT",
		"test-xxxxx-1 Done 0 1 20s ago 6.12.0 -",
		"test-xxxxx-2 Failed 28 1 20s ago - no space left on device",
	}))
	w.Expect(code).To(Equal(1))

	w.records("report", "aaaaaaaa-1", 1, 1, w.succeeded(2, `{"kernel":"6.1.0"}`))
	code, stdout, _ = w.plugin("results", "report", "-o", "json")
	w.Expect(code).To(Equal(0))
	var report results.Report
	w.Expect(json.Unmarshal([]byte(stdout), &report)).To(Succeed())
	w.Expect(report.Present).To(BeFalse())
	w.Expect(report.Note).To(Equal("2 recorded nodes; of nodes without a record nothing is known"))
	w.Expect(report.Counts).To(Equal(map[plan.NodeState]int{plan.NodeDone: 2}))
	w.Expect(report.Nodes[1].Values).To(HaveKeyWithValue("kernel", "6.1.0"))

	_, _, stderr = w.plugin("results", "report", "-o", "csv")
	w.Expect(stderr).To(Equal("The Job is gone: this is what its records say\n2 recorded nodes; of nodes without a record nothing is known\n"))
}

// Two Jobs had the name, and the first ran twice.
func TestResultsOfSeveralRuns(t *testing.T) {
	w := newWorld(t, 0)
	w.records("report", "aaaaaaaa-1", 0, 1, w.succeeded(1, "first"))
	w.records("report", "aaaaaaaa-1", 1, 3, w.succeeded(1, "second"))
	time.Sleep(time.Second) // The API server writes creation times in seconds.
	w.records("report", "bbbbbbbb-2", 0, 1, w.succeeded(1, "third"))
	for args, want := range map[string]string{
		"": "third", "--uid=aaaa": "second", "--uid=aaaaaaaa-1 --generation=1": "first",
	} {
		code, stdout, stderr := w.plugin(append([]string{"results", "report"}, strings.Fields(args)...)...)
		w.Expect(code).To(Equal(0))
		w.Expect(stdout).To(HaveSuffix(want + "\n"))
		w.Expect(stderr).To(ContainSubstring("Others are kept too:\n  --uid="))
	}
	code, _, stderr := w.plugin("results", "report", "--generation=3")
	w.Expect(code).To(Equal(2))
	w.Expect(stderr).To(ContainSubstring("no run is the one that was asked for. There are --uid=bbbbbbbb --generation=1, --uid=aaaaaaaa --generation=3"))

	// A Job that is there comes first, also without a record.
	job := w.start(w.newJob("report").Obj())
	_, stdout, stderr := w.plugin("results", "report")
	w.Expect(stdout).To(ContainSubstring("Job test-xxxxx/report: Running"))
	w.Expect(stderr).To(ContainSubstring("of the Job with the UID " + string(job.UID) + ". Others are kept too:\n  --uid=bbbbbbbb --generation=1  of "))
	w.Expect(stderr).To(ContainSubstring("No node has a recorded output"))
	_, stdout, _ = w.plugin("results", "report", "--uid=bbbb")
	w.Expect(stdout).To(HaveSuffix("third\n"))
}

func TestResultsOfAUserWithFewRights(t *testing.T) {
	w := newWorld(t, 6)
	aResult(w)
	w.kubeconfig = userWith(t, rule(v1beta1.GroupVersion.Group, []string{"jobs", "jobrecords"}, "get", "list"))
	code, stdout, stderr := w.plugin("results", "report")
	w.Expect(code).To(Equal(1))
	w.Expect(stderr).To(Equal("You may not list nodes: nodes without a pod and without a record are not shown\nYou may not list pods: only recorded and failed nodes are shown as such\n"))
	w.Expect(columns(stdout)[2:]).To(Equal([]string{
		"test-xxxxx-1 Done 0 1 20s ago 6.12.0 86400 - -",
		"test-xxxxx-2 Done 0 1 20s ago 6.1.0 - =1+1 -",
		"test-xxxxx-3 Failed 3 2 20s ago - - - cat: /etc/foo: No such file or directory",
	}))

	w.kubeconfig = userWith(t, rule(v1beta1.GroupVersion.Group, []string{"jobrecords"}, "get", "list"))
	code, stdout, _ = w.plugin("results", "report")
	w.Expect(code).To(Equal(1))
	w.Expect(stdout).To(ContainSubstring("You may not get jobs.daemonset.darkowlzz.space: this is what the records of the Job say\n"))
	w.Expect(stdout).To(ContainSubstring("cat: /etc/foo"))

	w.kubeconfig = userWith(t, rule(v1beta1.GroupVersion.Group, []string{"jobs"}, "get", "list"))
	_, _, stderr = w.plugin("results", "report")
	w.Expect(stderr).To(ContainSubstring("You may not list jobrecords.daemonset.darkowlzz.space"))
	code, _, stderr = w.plugin("results", "other")
	w.Expect(stderr).To(ContainSubstring(`you may not list jobrecords.daemonset.darkowlzz.space in namespace "test-xxxxx"`))
	w.Expect(code).To(Equal(2))
}

func TestResultsSayWhatToWriteInstead(t *testing.T) {
	w := newWorld(t, 0)
	for args, message := range map[string]string{
		"":                          `Job "report" is not in namespace "test-xxxxx", and no records of it are kept there`,
		"-o yaml":                   "--output is \"yaml\": write table, csv, json or html",
		"--columns .a[":             "write fields of the output as in --columns .kernel",
		"--columns=":                "write fields of the output as in --columns .kernel",
		"--columns .kernel -o json": "json has all values of a node, leave it out",
		"--generation=-1":           "--generation must be above 0",
	} {
		t.Run(args, func(t *testing.T) {
			w.Gomega = NewWithT(t)
			code, stdout, stderr := w.plugin(append([]string{"results", "report"}, strings.Fields(args)...)...)
			w.Expect(stderr).To(ContainSubstring(message))
			w.Expect(stdout).To(BeEmpty())
			w.Expect(code).To(Equal(2))
		})
	}
}
