//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// freezeKubelet stops the kubelet of a node as a machine that hangs does: it takes connections,
// and answers none. It goes on when the spec ends.
func freezeKubelet(node string) {
	GinkgoHelper()
	processes, err := local.Processes("kubelet-" + node)
	Expect(err).NotTo(HaveOccurred())
	Expect(processes).NotTo(BeEmpty())
	for _, pid := range processes {
		Expect(syscall.Kill(pid, syscall.SIGSTOP)).To(Succeed())
		DeferCleanup(syscall.Kill, pid, syscall.SIGCONT)
	}
}

// letGoLocally lets all nodes go without the API server.
func letGoLocally(namespace string) {
	GinkgoHelper()
	for _, node := range nodes {
		tmp, err := local.NodeTmp(node)
		Expect(err).NotTo(HaveOccurred())
		Expect(os.WriteFile(filepath.Join(tmp, namespace, "go"), nil, 0o600)).To(Succeed())
	}
}

var _ = Describe("the kubectl plugin on a bad day", Label("local"), Serial, func() {
	var ns string
	BeforeEach(func() {
		requireLocalCluster()
		ns = newNamespace()
	})

	It("shows the other nodes in time when a kubelet does not answer", func() {
		j := create(shell(ns, "j", "echo fine").Exit().TTL(600))
		Eventually(status(j)).Should(HaveField("Phase", v1beta1.PhaseComplete))
		frozen := nodes[0]
		freezeKubelet(frozen)
		began := time.Now()
		Expect(nodeJob(0, ns, "logs", "j", "--node-timeout=2s")).To(MatchRegexp(`^` + heading(0) + `fine\n\n=== ` + frozen +
			`, exit code 0\n\(its kubelet did not answer within 2s, and what it printed is not recorded\)\n$`))
		Expect(time.Since(began)).To(BeNumerically("<", 8*time.Second))

		Expect(nodeJob(124, ns, shellRun("echo fine", "--timeout=6s")...)).To(MatchRegexp(`^` + heading(0) + `fine\n\n=== ` + frozen +
			`\n\(Failed: DeadlineExceeded.*\)\n$`))
	})

	// It takes a minute.
	It("outlives an API server that is gone for half a minute", Label("outage"), func() {
		j := create(shell(ns, "j", exits).Exit().TTL(600))
		watch := startNodeJob(ns, "status", "j", "--watch")
		run := startNodeJob(ns, shellRun(exits+`; echo "out of $NODE_NAME"`, "--mount", "/tmp/"+ns)...)
		Eventually(runs(ns)).Should(Equal(eachNode("2")), "both Jobs are at work")
		Eventually(status(j)).Should(HaveField("Active", int32(len(nodes))))

		Expect(local.StopAPIServer()).To(Succeed())
		DeferCleanup(func() { Expect(local.StartAPIServer(ctx)).To(Succeed()) })
		letGoLocally(ns)
		for _, session := range []*gexec.Session{watch, run} {
			Eventually(session.Err, "30s").Should(gbytes.Say("Lost the connection to the API server, retrying"))
		}
		Consistently(func() []int { return []int{watch.ExitCode(), run.ExitCode()} }, "30s", "1s").Should(HaveEach(-1))
		Expect(local.StartAPIServer(ctx)).To(Succeed())
		for _, session := range []*gexec.Session{watch, run} {
			Eventually(session.Err, "60s").Should(gbytes.Say("The API server answers again"))
			Eventually(session, "120s").Should(gexec.Exit(0))
			Expect(string(session.Err.Contents())).NotTo(MatchRegexp("(?s)Lost the connection.*Lost the connection"))
		}
		Expect(string(watch.Out.Contents())).To(ContainSubstring(fmt.Sprintf("Job %s/j: Complete, %d/%[2]d done", ns, len(nodes))))
		for _, node := range nodes {
			Expect(string(run.Out.Contents())).To(ContainSubstring(fmt.Sprintf("=== %s, exit code 0\nout of %[1]s\n", node)))
		}
	})
})
