package newjob

import (
	"os/exec"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

// TestTheCommandOfHostRunsInTheNamespacesOfTheFirstProcess runs what a container with --host
// runs, in namespaces like those of a container, on a host that this test makes: its first process
// is that of a new PID namespace.
func TestTheCommandOfHostRunsInTheNamespacesOfTheFirstProcess(t *testing.T) {
	host := []string{"--mount", "--uts", "--ipc", "--net", "--pid", "--fork", "--mount-proc"}
	if err := exec.Command("unshare", append(host, "true")...).Run(); err != nil {
		t.Skip("SKIPPED: it makes namespaces, which needs root: ", err)
	}
	g := NewWithT(t)
	job, err := Run(Options{Image: "i", Command: []string{"hostname"}, Host: true})
	g.Expect(err).NotTo(HaveOccurred())
	command := strings.Join(job.Spec.Template.Spec.Containers[0].Command, " ")
	container := "unshare --mount --uts --ipc --net sh -c 'hostname container && " + command + "'"
	out, err := exec.Command("unshare", append(host, "sh", "-c", "hostname host && "+container+" && true")...).CombinedOutput()
	g.Expect(err).NotTo(HaveOccurred(), string(out))
	g.Expect(string(out)).To(Equal("host\n"))
}
