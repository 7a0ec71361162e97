package main

import (
	"os"
	"os/exec"
	"testing"

	. "github.com/onsi/gomega"
)

// runMain makes the test binary run main instead of its tests.
const runMain = "RUN_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(runMain) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// The image and bin/ hold one program, and the terminator as a link to it.
func TestTheNameSelectsTheProgram(t *testing.T) {
	program, err := os.Executable()
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	for name, want := range map[string]struct{ version, help string }{
		"/manager":       {"daemonset-job-manager ", "-pause-image"},
		"/terminator":    {"daemonset-job-terminator ", "-termination-word"},
		"bin/terminator": {"daemonset-job-terminator ", "-ticker-duration"},
		"go-build/cmd":   {"daemonset-job-manager ", "-max-concurrent-reconciles"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			run := func(flag string) (string, error) {
				command := exec.Command(program)
				command.Args, command.Env = []string{name, flag}, []string{runMain + "=true"}
				output, err := command.CombinedOutput()
				return string(output), err
			}
			version, err := run("--version")
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(version).To(HavePrefix(want.version))
			help, err := run("--help")
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(help).To(ContainSubstring(want.help))
			message, err := run("--nonsense")
			g.Expect(err).To(MatchError("exit status 2"))
			g.Expect(message).To(And(HavePrefix(want.version[:len(want.version)-1]+": "), ContainSubstring("-nonsense")))
		})
	}
}
