package cli

import (
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

func TestWaitEndsWithTheJob(t *testing.T) {
	w := newWorld(t, 0)
	for name, test := range map[string]struct {
		end     func(*v1beta1.Job)
		code    int
		message string
	}{
		"complete": {func(j *v1beta1.Job) { w.status(j, condition(v1beta1.JobComplete, "AllNodesDone", "3 nodes done")) }, 0, "Complete: 3 nodes done"},
		"failed":   {func(j *v1beta1.Job) { w.status(j, condition(v1beta1.JobFailed, "MaxFailedNodesExceeded", "1 failed")) }, 1, "Failed: 1 failed"},
		"held": {func(j *v1beta1.Job) {
			w.status(j, condition(v1beta1.JobSuspended, "MaxFailedNodesExceeded", "1 failed"))
		}, 3, "Suspended: 1 failed"},
		"deleted":  {func(j *v1beta1.Job) { w.Expect(w.k8s.Delete(w.ctx, j)).To(Succeed()) }, 1, "deleted before it was over: 0/3 of the nodes were done"},
		"too late": {func(j *v1beta1.Job) { w.status(j, condition(v1beta1.JobFailed, "DeadlineExceeded", "late")) }, 124, "Failed: late"},
	} {
		t.Run(name, func(t *testing.T) {
			w.Gomega = NewWithT(t)
			job := w.start(w.newJob(shortName(name)).Obj())
			p := w.begin("wait", job.Name)
			w.Eventually(p.err.String).Should(ContainSubstring("0/3 done"))
			test.end(job)
			code, stdout, _ := p.wait()
			w.Expect(stdout).To(Equal("job/" + job.Name + " " + test.message + "\n"))
			w.Expect(code).To(Equal(test.code))
		})
	}
}

func shortName(name string) string { return strings.ReplaceAll(name, " ", "-") }

// A plain Job that is complete is deleted at once: the event of the deletion has its last state.
func TestWaitJudgesAJobThatDeletesItself(t *testing.T) {
	w := newWorld(t, 0)
	job := w.start(w.newJob("report").Obj())
	p := w.begin("wait", "report")
	w.Eventually(p.err.String).Should(ContainSubstring("0/3 done"))
	job = w.status(job, condition(v1beta1.JobComplete, "AllNodesDone", "3 nodes done"))
	w.Expect(w.k8s.Delete(w.ctx, job)).To(Succeed())
	code, stdout, _ := p.wait()
	w.Expect(code).To(Equal(0))
	w.Expect(stdout).To(Equal("job/report Complete: 3 nodes done\n"))
}

func TestWaitEndsWhenItsTimeIsOver(t *testing.T) {
	w := newWorld(t, 0)
	w.start(w.newJob("report").Obj())
	code, _, stderr := w.plugin("wait", "report", "--timeout", "300ms")
	w.Expect(code).To(Equal(124))
	w.Expect(stderr).To(ContainSubstring("error: the time was over after 300ms"))
}

func TestWaitRefusesWhatIsNeverOver(t *testing.T) {
	w := newWorld(t, 0)
	code, _, stderr := w.plugin("wait", "report")
	w.Expect(code).To(Equal(2))
	w.Expect(stderr).To(ContainSubstring("not found"))
	w.start(w.newJob("report").Never().Obj())
	code, _, stderr = w.plugin("wait", "report")
	w.Expect(code).To(Equal(2))
	w.Expect(stderr).To(ContainSubstring("is never over"))
}

// A status that is about the spec before the last change says nothing.
func TestWaitWaitsForTheOperator(t *testing.T) {
	w := newWorld(t, 0)
	job := w.start(w.newJob("report").Suspend(true).Obj())
	job = w.status(job, condition(v1beta1.JobSuspended, "SuspendedByUser", "spec.suspend is true"))
	code, _, stderr := w.plugin("wait", "report")
	w.Expect(code).To(Equal(3))
	w.Expect(stderr).To(ContainSubstring("kubectl node-job resume report goes on"))
	code, stdout, _ := w.plugin("resume", "report")
	w.Expect(stdout).To(Equal("job/report resumed\n"))
	w.Expect(code).To(Equal(0))
	p := w.begin("wait", "report")
	w.Consistently(p.code).WithTimeout(waitABit).ShouldNot(Receive())
	w.status(job, func(s *v1beta1.JobStatus) {
		s.Conditions = nil
		condition(v1beta1.JobComplete, "AllNodesDone", "3 nodes done")(s)
	})
	code, _, _ = p.wait()
	w.Expect(code).To(Equal(0))
}

// The connection is gone for a while, in which the Job is over and deletes itself.
func TestWaitOutlivesTheAPIServer(t *testing.T) {
	w := newWorld(t, 0)
	job := w.start(w.newJob("report").Obj())
	proxy := startProxy(t)
	w.kubeconfig = proxy.kubeconfig(t)
	p := w.begin("wait", "report")
	w.Eventually(p.err.String).Should(ContainSubstring("0/3 done"))
	time.Sleep(waitABit * 2) // A watch that is cut in its first second is followed by a list, which sees no deletion.
	proxy.stop()
	w.Eventually(p.err.String).Should(ContainSubstring("Lost the connection to the API server, retrying: "))
	job = w.status(job, condition(v1beta1.JobComplete, "AllNodesDone", "3 nodes done"))
	w.Expect(w.k8s.Delete(w.ctx, job)).To(Succeed())
	proxy.start()
	code, stdout, stderr := p.wait()
	w.Expect(stderr).To(ContainSubstring("The API server answers again"))
	w.Expect(stdout).To(Equal("job/report Complete: 3 nodes done\n"))
	w.Expect(code).To(Equal(0))
}
