//go:build e2e

package olm

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// The images of the pods with which OLM unpacks a bundle.
const (
	opmImage  = "quay.io/operator-framework/opm:v1.73.0"
	utilImage = "quay.io/operator-framework/olm:v0.45.0"
)

// startOLM runs OLM's two operators as processes next to the cluster until the suite
// ends.
func startOLM() {
	start("olm", "--writeStatusName=", "--writePackageServerStatusName=")
	start("catalog", "--namespace="+olmNamespace, "--writeStatusName=", "--opmImage="+opmImage, "--util-image="+utilImage)
}

// start starts a program of OLM. The program ends with the suite, even if the suite is
// killed.
func start(name string, args ...string) {
	GinkgoHelper()
	log, err := os.Create(filepath.Join(GinkgoT().TempDir(), name+".log"))
	Expect(err).NotTo(HaveOccurred())
	command := exec.Command(filepath.Join(settings.programs, name), args...)
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	Expect(command.Start()).To(Succeed())
	DeferCleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		text, err := os.ReadFile(log.Name())
		Expect(err).NotTo(HaveOccurred())
		GinkgoWriter.Printf("what %s logged last:\n%s\n", name, text[max(0, len(text)-8<<10):])
		Expect(log.Close()).To(Succeed())
	})
}
