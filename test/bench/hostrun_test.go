package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// record runs the script of the soak as a container does, with another folder for the
// host's, and returns its error.
func record(t *testing.T, host string, env ...string) error {
	t.Helper()
	script := exec.CommandContext(t.Context(), "/bin/sh", "-c", strings.ReplaceAll(recordingScript, "/host", host))
	script.Env = append(os.Environ(), append([]string{"JOB=j", "POD=p", "HASH=h", "BEATS=3", "STUBBORN=", "FAILS=", "SAYS="}, env...)...)
	return script.Run()
}

func TestTheScriptRecordsItsRuns(t *testing.T) {
	booted, err := bootTime()
	if err != nil {
		t.Skip("this machine has no /proc/uptime, which the nodes of the soak have:", err)
	}
	g, host := NewWithT(t), t.TempDir()
	began := time.Now()
	g.Expect(record(t, host)).To(Succeed())
	var exit *exec.ExitError
	g.Expect(record(t, host, "FAILS=yes")).To(BeAssignableToTypeOf(exit))
	for number, file := range []string{"p.0", "p.1"} {
		file = filepath.Join(host, hostFolder, "j", file)
		content, err := os.ReadFile(file)
		g.Expect(err).NotTo(HaveOccurred())
		run, err := parseRun("a", file, string(content), booted)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect([]string{run.job, run.pod, run.hash}).To(Equal([]string{"j", "p", "h"}))
		g.Expect(run.number).To(Equal(number))
		g.Expect(run.done).To(Equal(number == 0))
		g.Expect(run.begun).To(BeTemporally(">=", began.Add(-5*clockTick)))
		g.Expect(run.last.Sub(run.begun)).To(BeNumerically(">=", 250*time.Millisecond))
		began = run.last
	}
}

func TestTheFileOfARunIsParsed(t *testing.T) {
	g := NewWithT(t)
	run, err := parseRun("a", "/tmp/soak/j/1-2.3", "10.50 h\n10.60 \n10.70 done\n", soakBegan)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(run).To(Equal(hostRun{
		job: "j", node: "a", pod: "1-2", number: 3, hash: "h", done: true,
		begun: soakBegan.Add(10500 * time.Millisecond), last: soakBegan.Add(10700 * time.Millisecond),
	}))
	run, err = parseRun("a", "/tmp/soak/j/1.0", "10.50 h\n10.", soakBegan)
	g.Expect(err).NotTo(HaveOccurred(), "a line that is being written")
	g.Expect(run.last).To(Equal(run.begun))
	g.Expect(run.done).To(BeFalse())
	for file, content := range map[string]string{"/tmp/soak/j/1": "1.0 h\n", "/tmp/soak/j/1.0": "what\n"} {
		_, err = parseRun("a", file, content, soakBegan)
		g.Expect(err).To(MatchError(ContainSubstring(file)))
	}
}
