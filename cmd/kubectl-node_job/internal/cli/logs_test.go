package cli

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/golden"
)

// strangeOutputs is a Job whose nodes print what terminals and diffs do not like.
func strangeOutputs(w *world) {
	job := w.start(w.newJob("report").Obj())
	for i, text := range []string{
		"Linux 6.12\n", "Linux 6.12\r\n", "Linux 6.12", "\x1b[32mLinux 6.12\x1b[0m\n", // The same, for a person.
		"\x00\xff\x1b]0;title\x07\x1b[2J\n",
		"begin " + strings.Repeat("x", 1<<20) + "\n",
		"",
	} {
		w.finish(w.pod(job, i+1), 0, text)
	}
	w.finish(w.pod(job, 8), 3, "")
	failed := w.pod(job, 9)
	w.finish(failed, 3, "no such file\n")
	w.status(job, func(s *v1beta1.JobStatus) { s.Failed = 2 })
}

func TestLogsAreGrouped(t *testing.T) {
	w := newWorld(t, 10)
	strangeOutputs(w)
	code, stdout, stderr := w.plugin("logs", "report", "--limit-bytes", "32")
	golden.Check(t, "logs-grouped", stdout+"--- stderr\n"+stderr)
	w.Expect(code).To(Equal(0))

	_, stdout, _ = w.plugin("logs", "report", "--prefix", "--failed")
	golden.Check(t, "logs-failed", stdout)

	_, stdout, _ = w.plugin("logs", "report", "--node", w.ns+"-[6]")
	w.Expect(len(stdout)).To(And(BeNumerically(">", 64<<10), BeNumerically("<", 65<<10)))
	w.Expect(stdout).To(HaveSuffix("\n(cut here: --limit-bytes shows more)\n"))
}

func TestLogsOnATerminal(t *testing.T) {
	w := newWorld(t, 10)
	strangeOutputs(w)
	for _, width := range []int{60, 80, 200} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			term := openTerminal(t, width, 40)
			term.run(w, "logs", "report", "--limit-bytes", "32")
			golden.Check(t, fmt.Sprintf("logs-%d", width), w.neutral(term.text()))
		})
	}
}

// Two log requests hang: their lines say so, and the others are shown in time.
func TestLogsOfAKubeletThatDoesNotAnswer(t *testing.T) {
	w := newWorld(t, 3)
	job := w.start(w.newJob("report").Obj())
	for i := 1; i <= 3; i++ {
		pod := w.pod(job, i)
		w.finish(pod, 0, "ok\n")
		if i > 1 {
			cluster.kubelet.answers(w.ns, pod.Name, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		}
	}
	_, stdout, _ := w.plugin("logs", "report", "--node-timeout", "500ms")
	w.Expect(stdout).To(ContainSubstring("=== test-xxxxx-[2-3] (2), exit code 0\n(its kubelet did not answer within 500ms, and what it printed is not recorded)\n"))
	w.Expect(stdout).To(ContainSubstring("=== test-xxxxx-1, exit code 0\nok\n"))
}

func TestAtMostTwentyLogsAreReadAtOnce(t *testing.T) {
	w := newWorld(t, 45)
	job := w.start(w.newJob("report").Obj())
	for i := 1; i <= 45; i++ {
		w.finish(w.pod(job, i), 0, "ok\n")
	}
	cluster.kubelet.mu.Lock()
	cluster.kubelet.most = 0
	cluster.kubelet.mu.Unlock()
	_, stdout, _ := w.plugin("logs", "report")
	w.Expect(stdout).To(Equal("=== test-xxxxx-[1-45] (45), exit code 0\nok\n"))
	cluster.kubelet.mu.Lock()
	defer cluster.kubelet.mu.Unlock()
	w.Expect(cluster.kubelet.most).To(BeNumerically("<=", 20))
}

// Who may not read logs sees what is recorded: of a failure its last lines.
func TestLogsOfAUserWhoMayNotReadThem(t *testing.T) {
	w := newWorld(t, 5)
	aRun(w)
	w.kubeconfig = userWith(t, rule(v1beta1.GroupVersion.Group, []string{"jobs", "jobrecords"}, "get", "list", "watch"),
		rule("", []string{"pods", "nodes"}, "get", "list", "watch"), rule("apps", []string{"daemonsets"}, "get", "list", "watch"))
	code, stdout, stderr := w.plugin("logs", "report")
	golden.Check(t, "logs-few-rights", stdout+"--- stderr\n"+stderr)
	w.Expect(code).To(Equal(0))
}

// The kubelet starts a container that failed again at any moment, also between what its status
// says and the request for its log. The new run has printed nothing yet.
func TestLogsOfAFailureAreThoseOfTheRunThatFailed(t *testing.T) {
	w := newWorld(t, 4)
	job := w.start(w.newJob("report").Obj())
	exited := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 3}}
	for i, state := range []corev1.ContainerState{{Running: &corev1.ContainerStateRunning{}}, exited, exited, exited} {
		var restarted atomic.Bool
		pod := w.pod(job, i+1)
		status := w.ended(3, "")
		status.State = state
		w.podStatus(pod, status)
		cluster.kubelet.answers(w.ns, pod.Name, func(rw http.ResponseWriter, r *http.Request) {
			previous := r.URL.Query().Get("previous") == "true"
			switch {
			case i == 3 && !previous:
				restarted.Store(true)
			case previous && (i == 2 || i == 3 && !restarted.Load()):
				http.Error(rw, "previous terminated container not found", http.StatusBadRequest)
			case i == 2 || previous:
				_, _ = fmt.Fprintln(rw, "the run that failed")
			}
		})
	}
	_, stdout, _ := w.plugin("logs", "report")
	w.Expect(stdout).To(Equal("=== test-xxxxx-[1-4] (4), exit code 3\nthe run that failed\n"))
}

func TestLogsAreFollowedUntilTheJobIsOver(t *testing.T) {
	w := newWorld(t, 2)
	job := w.start(w.newJob("report").Obj())
	lines := make(chan string)
	first := w.pod(job, 1)
	cluster.kubelet.answers(w.ns, first.Name, func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("follow") != "true" {
			return
		}
		for {
			select {
			case line := <-lines:
				_, _ = rw.Write([]byte(line))
				rw.(http.Flusher).Flush()
			case <-r.Context().Done():
				return
			}
		}
	})
	p := w.begin("logs", "report", "-f")
	lines <- "one\n"
	w.Eventually(p.out.String).Should(Equal(w.node(1) + ": one\n"))
	second := w.pod(job, 2)
	w.finish(second, 0, "other\n")
	w.Eventually(p.out.String).Should(Equal(w.node(1) + ": one\n" + w.node(2) + ": other\n"))
	lines <- "two\n"
	// The stream does not end, as in Log mode: the container sleeps when its work is done.
	w.podStatus(first, w.ended(0, ""))
	w.status(job, condition(v1beta1.JobComplete, "AllNodesDone", "2 nodes done"))
	code, stdout, _ := p.wait()
	w.Expect(stdout).To(HaveSuffix("-1: two\n"))
	w.Expect(code).To(Equal(0))
}

func TestLogsSayWhatToWriteInstead(t *testing.T) {
	w := newWorld(t, 0)
	w.start(w.newJob("report").Obj())
	for args, message := range map[string]string{
		"--ignore=[":        "is no regular expression",
		"--node=a[":         "--node: ",
		"--limit-bytes=0":   "--limit-bytes must be above 0",
		"--group --prefix":  "[group prefix]",
		"--failed --follow": "[failed follow]",
	} {
		t.Run(args, func(t *testing.T) {
			w.Gomega = NewWithT(t)
			code, _, stderr := w.plugin(append([]string{"logs", "report"}, strings.Fields(args)...)...)
			w.Expect(stderr).To(ContainSubstring(message))
			w.Expect(code).To(Equal(2))
		})
	}
}
