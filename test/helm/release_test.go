//go:build e2e

package helm

import (
	"os"
	"os/exec"
	"testing"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// TestJobsOutliveTheRelease has a Job that is complete and one at work, through the upgrade of a
// value, the end of the release, and another release with fewer rights. Nothing runs twice.
func TestJobsOutliveTheRelease(t *testing.T) {
	w := connect(t)
	w.Expect(w.deployments()).To(BeEmpty(), "two operators would share the Jobs")
	chart := os.Getenv("HELM_CHART")
	once := HaveEach(1)
	w.namespaceFor()

	printed := w.helm("install", "nodes", chart, "--namespace", operatorNamespace, "--create-namespace", "--wait", "--timeout", "3m")
	w.Expect(printed).To(And(
		ContainSubstring("rollout status deployment/nodes-daemonset-job-controller-manager"),
		ContainSubstring("helm uninstall leaves the CustomResourceDefinitions"),
	))
	w.Expect(w.deployments()).To(ConsistOf(operatorNamespace + "/nodes-daemonset-job-controller-manager"))
	done, working := w.create("done"), w.create("working")
	w.release(done)
	w.Eventually(w.phase(done)).Should(Equal(v1beta1.PhaseComplete))
	w.Eventually(w.runs(working)).Should(once)

	w.helm("upgrade", "nodes", chart, "--namespace", operatorNamespace, "--reset-then-reuse-values",
		"--set", "manager.extraArgs={--zap-log-level=debug}", "--wait", "--timeout", "3m")
	w.Expect(w.runs(done)()).To(once)
	w.Expect(w.runs(working)()).To(once)
	w.Expect(w.phase(working)()).To(Equal(v1beta1.PhaseRunning))

	printed = w.helm("uninstall", "nodes", "--namespace", operatorNamespace, "--wait", "--timeout", "2m")
	w.Expect(printed).To(ContainSubstring("jobs.daemonset.darkowlzz.space"), "Helm names what it kept")
	w.Expect(w.deployments()).To(BeEmpty())
	w.Expect(w.phase(done)()).To(Equal(v1beta1.PhaseComplete))
	w.release(working)

	w.helm("install", "other", chart, "--namespace", operatorNamespace, "--take-ownership",
		"--set", "watchNamespaces={"+jobNamespace+"}", "--wait", "--timeout", "3m")
	w.Eventually(w.phase(working)).Should(Equal(v1beta1.PhaseComplete))
	later := w.create("later")
	w.release(later)
	w.Eventually(w.phase(later)).Should(Equal(v1beta1.PhaseComplete))
	for _, job := range []*v1beta1.Job{done, working, later} {
		w.Expect(w.runs(job)()).To(once, job.Name)
	}
	w.Expect(w.refusals()).To(BeEmpty(), "the rights in the watched namespace are enough")

	for _, job := range []*v1beta1.Job{done, working, later} {
		w.Expect(client.IgnoreNotFound(w.k8s.Delete(ctx, job))).To(Succeed())
	}
	w.helm("uninstall", "other", "--namespace", operatorNamespace, "--wait", "--timeout", "2m")
}

// refusals returns the lines of the operator's logs that say that RBAC refused a request.
func (w *world) refusals() string {
	w.t.Helper()
	out, err := exec.Command("sh", "-c", "kubectl logs --namespace "+operatorNamespace+
		" --selector app.kubernetes.io/name=daemonset-job --all-containers --tail=-1 | grep -i forbidden || true").CombinedOutput()
	w.Expect(err).NotTo(HaveOccurred(), string(out))
	return string(out)
}
