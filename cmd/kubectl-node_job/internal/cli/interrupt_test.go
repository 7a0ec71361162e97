package cli

import (
	"os"
	"os/exec"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

const ctrlC = "\x03"

// interrupted starts a run in a process on a terminal, waits until it shows the bar, and presses
// Ctrl-C.
func interrupted(t *testing.T, w *world) (*terminal, *exec.Cmd, *v1beta1.Job) {
	t.Helper()
	term := openTerminal(t, 100, 24)
	cmd := term.process(t, w, "run", "--image=busybox", "-l", "pool="+w.ns, "--", "sleep", "1000")
	job, pods := w.work(3)
	w.finish(pods[0], 0, "early\n")
	w.Eventually(term.text).Should(ContainSubstring("0/3 done, 3 at work"))
	term.types(ctrlC)
	w.Eventually(term.text).Should(ContainSubstring("Detach or cancel?"))
	return term, cmd, job
}

// ended returns the exit code of a process.
func ended(w *world, cmd *exec.Cmd) int {
	done := make(chan int, 1)
	go func() {
		_ = cmd.Wait() // The exit code is what counts.
		done <- cmd.ProcessState.ExitCode()
	}()
	code := -1
	w.Eventually(done).Should(Receive(&code))
	return code
}

func TestCtrlCTwiceCancels(t *testing.T) {
	w := newWorld(t, 3)
	term, cmd, _ := interrupted(t, w)
	term.types(ctrlC)
	w.Expect(ended(w, cmd)).To(Equal(130))
	w.Eventually(term.text).Should(And(ContainSubstring("early"), ContainSubstring("canceled: ")))
	w.Eventually(w.noJob).Should(BeTrue())
}

func TestCtrlCThenCancel(t *testing.T) {
	w := newWorld(t, 3)
	term, cmd, _ := interrupted(t, w)
	term.types("c\r")
	w.Expect(ended(w, cmd)).To(Equal(130))
	w.Eventually(w.noJob).Should(BeTrue())
}

func TestCtrlCThenDetach(t *testing.T) {
	w := newWorld(t, 3)
	term, cmd, job := interrupted(t, w)
	term.types("d\r")
	w.Expect(ended(w, cmd)).To(Equal(130))
	w.Eventually(term.text).Should(ContainSubstring("kubectl node-job status " + job.Name + " -n " + w.ns))
	w.Consistently(w.noJob).WithTimeout(waitABit).Should(BeFalse())
}

func TestCtrlCThenGoOn(t *testing.T) {
	w := newWorld(t, 3)
	term, cmd, job := interrupted(t, w)
	term.types("\r")
	w.Eventually(term.text).Should(ContainSubstring("The run goes on"))
	w.status(job, func(s *v1beta1.JobStatus) {
		s.Succeeded, s.Completed, s.Active = 3, "3/3", 0
		condition(v1beta1.JobComplete, "AllNodesDone", "3 nodes done")(s)
	})
	w.Expect(ended(w, cmd)).To(Equal(0))
	w.Eventually(term.text).Should(ContainSubstring("Complete: 3 nodes done"))
}

// Without a terminal the plugin cannot ask its user.
func TestAnInterruptInAPipeCancels(t *testing.T) {
	w := newWorld(t, 3)
	out := &syncBuffer{}
	cmd := asProcess(w, "run", "--image=busybox", "-l", "pool="+w.ns, "--", "sleep", "1000")
	cmd.Stderr = out
	w.Expect(cmd.Start()).To(Succeed())
	w.work(3)
	w.Eventually(out.String).Should(ContainSubstring("0/3 done, 3 at work"))
	w.Expect(cmd.Process.Signal(os.Interrupt)).To(Succeed())
	w.Expect(ended(w, cmd)).To(Equal(130))
	w.Expect(w.noJob()).To(BeTrue())
}
