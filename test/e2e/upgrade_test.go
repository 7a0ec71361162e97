//go:build e2e

package e2e

import (
	"os"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// upgrade installs the manifests of this version over the first one, and waits until the
// pods of its image run. The first version's Deployment has another selector, which is
// immutable, so that it is deleted first.
func upgrade() {
	GinkgoHelper()
	_, err := kubectl("apply", "--dry-run=server", "-f", os.Getenv("E2E_UPGRADE_TO"))
	Expect(err).To(MatchError(ContainSubstring("field is immutable")))
	_, err = kubectl("delete", "deployment", operatorKey.Name, "-n", operatorKey.Namespace)
	Expect(err).NotTo(HaveOccurred())
	out, err := kubectl("apply", "-f", os.Getenv("E2E_UPGRADE_TO"))
	Expect(err).NotTo(HaveOccurred())
	Expect(out).To(ContainSubstring("deployment.apps/" + operatorKey.Name + " created"))
	Eventually(func() ([]string, error) {
		pods, err := operatorPods()
		var images []string
		for i := range pods {
			for j := range pods[i].Spec.Containers {
				images = append(images, pods[i].Spec.Containers[j].Image)
			}
		}
		return images, err
	}, "120s").Should(HaveEach(os.Getenv("E2E_UPGRADE_IMG")))
	waitForOperator(1)
}

// observedByThisVersion returns whether the manager of this version has written
// what the first one never wrote: kstatus' conditions, or a finished Job's label.
func observedByThisVersion(job *v1beta1.Job) func() (bool, error) {
	return func() (bool, error) {
		now := &v1beta1.Job{}
		err := k8s.Get(ctx, client.ObjectKeyFromObject(job), now)
		return meta.FindStatusCondition(now.Status.Conditions, v1beta1.JobReady) != nil || now.Labels[v1beta1.LabelExcludeFromBackup] == "true", err
	}
}

// podsOf returns the number of the Job's pods.
func podsOf(job *v1beta1.Job) func() (int, error) {
	return func() (int, error) {
		list := &corev1.PodList{}
		err := k8s.List(ctx, list, client.InNamespace(job.Namespace), client.MatchingLabels(v1beta1.PodLabels(job.Name)))
		return len(list.Items), err
	}
}

// The first version is deployed by hack/test-upgrade.sh.
var _ = Describe("an upgrade from the first version", Label("local", "upgrade"), Serial, func() {
	It("runs nothing again, and ends each Job right", func() {
		if os.Getenv("E2E_UPGRADE_TO") == "" {
			Skip("SKIPPED: the first version of the operator is not deployed: run `make test-upgrade`")
		}
		all := HaveField("Succeeded", int32(len(nodes)))
		phase := func(phase v1beta1.JobPhase) OmegaMatcher { return HaveField("Phase", phase) }
		f := &fleet{namespace: newNamespace(), jobs: map[string]*v1beta1.Job{}}

		By("creating Jobs for the first version")
		f.create(f.job("log", logsLater))
		f.create(f.job("exit", exitsLater).Exit())
		f.create(f.job("waves", logsLater).Parallelism("1"))
		f.create(f.job("suspended", exitsLater).Exit().Suspend(true))
		f.create(f.longForm("template", logsLater))
		f.create(f.longForm("replaced", logsLater))
		f.create(f.job("kept", logsLater).TTL(3600))
		f.create(f.job("kept-exit", exitsLater).Exit().TTL(3600))
		f.create(f.job("never", logsLater).Never())
		// This version refuses a TTL with Never, and must still write the status of such a Job.
		f.create(f.job("never-exit", exitsLater).Exit().Never().TTL(3600))
		f.create(f.job("failed", failsOnce).BackoffLimit(0))
		f.create(f.job("held", failsOnce).BackoffLimit(0).OnFailure(v1beta1.FailureActionSuspend))
		working := []string{"log", "exit", "template", "replaced"}
		done := []string{"kept", "kept-exit", "never", "never-exit"}
		f.letGo(done...)
		for _, name := range working {
			Eventually(runs(f.folder(name)), "120s").Should(Equal(eachNode("1")), name)
			Eventually(f.status(name)).Should(And(phase(v1beta1.PhaseRunning), HaveField("Active", int32(len(nodes)))), name)
		}
		for _, name := range done {
			Eventually(f.status(name), "60s").Should(all, name)
			f.ran(name, "1")
		}
		Eventually(f.status("kept")).Should(phase(v1beta1.PhaseComplete))
		Eventually(f.status("kept-exit")).Should(phase(v1beta1.PhaseComplete))
		Eventually(f.status("waves")).Should(HaveField("Active", int32(1)))
		Eventually(f.status("failed"), "60s").Should(phase(v1beta1.PhaseFailed))
		Eventually(podsOf(f.jobs["failed"]), "60s").Should(BeZero())
		Eventually(f.status("held"), "60s").Should(And(phase(v1beta1.PhaseSuspended), HaveField("Failed", int32(len(nodes)))))
		f.ran("held", "2")
		held := &v1beta1.Job{}
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(f.jobs["held"]), held)).To(Succeed())
		Expect(held.Spec.Suspend).To(HaveValue(BeTrue()), "the first version holds a Job in its spec")
		before := map[string]v1beta1.JobStatus{}
		for name := range f.jobs {
			s, err := f.status(name)()
			Expect(err).NotTo(HaveOccurred())
			Expect(s.TemplateHash).NotTo(ContainSubstring("-"), name)
			before[name] = s
		}
		started, err := f.runs()
		Expect(err).NotTo(HaveOccurred())

		By("upgrading")
		upgrade()
		for name, job := range f.jobs {
			Eventually(observedByThisVersion(job), "60s").Should(BeTrue(), name)
		}
		Consistently(f.runs, "10s", "1s").Should(Equal(started))

		By("editing a limit of each Job")
		for name, job := range f.jobs {
			switch name {
			case "replaced":
				f.replace(f.longForm(name, logsLater), func(spec *v1beta1.JobSpec) { spec.BackoffLimit = new(int32(9)) })
			case "never-exit":
				change(job, func(spec *v1beta1.JobSpec) { spec.TTLSecondsAfterFinished, spec.BackoffLimit = nil, new(int32(9)) })
			case "held":
				change(job, func(spec *v1beta1.JobSpec) { spec.TTLSecondsAfterFinished = new(int32(3600)) })
			default:
				change(job, func(spec *v1beta1.JobSpec) { spec.BackoffLimit = new(int32(9)) })
			}
		}
		for name := range f.jobs {
			Eventually(f.status(name)).Should(HaveField("ObservedGeneration", BeNumerically(">", before[name].ObservedGeneration)), name)
			Expect(f.status(name)()).To(HaveField("TemplateHash", before[name].TemplateHash), name)
		}
		Consistently(f.runs, "10s", "1s").Should(Equal(started))
		for _, name := range []string{"kept", "kept-exit", "failed"} {
			Expect(f.status(name)()).To(And(phase(before[name].Phase), HaveField("CompletionTime", Equal(before[name].CompletionTime)),
				HaveField("Succeeded", before[name].Succeeded), HaveField("Failed", before[name].Failed)), name)
		}
		Expect(f.status("held")()).To(And(phase(v1beta1.PhaseSuspended), HaveField("Failed", int32(len(nodes)))))
		Expect(f.status("suspended")()).To(phase(v1beta1.PhaseSuspended))

		By("ending each Job")
		f.letGo("waves", "suspended")
		f.letGo(working...)
		change(f.jobs["suspended"], func(spec *v1beta1.JobSpec) { spec.Suspend = nil })
		for _, name := range append([]string{"waves", "suspended"}, working...) {
			Eventually(nothingLeft(f.jobs[name]), "120s").Should(Succeed(), name)
			f.ran(name, "1")
		}
		change(f.jobs["held"], func(spec *v1beta1.JobSpec) { spec.Suspend = new(false) })
		Eventually(runs(f.folder("held")), "120s").Should(Equal(eachNode("3")), "the failed nodes are tried again, once")
		f.letGo("held")
		Eventually(f.status("held"), "60s").Should(And(phase(v1beta1.PhaseComplete), all))
		f.ran("held", "3")
		for _, name := range []string{"kept", "kept-exit", "failed"} {
			change(f.jobs[name], func(spec *v1beta1.JobSpec) { spec.TTLSecondsAfterFinished = new(int32(1)) })
			Eventually(nothingLeft(f.jobs[name]), "60s").Should(Succeed(), name)
		}

		By("editing what a Job runs")
		change(f.jobs["never"], func(spec *v1beta1.JobSpec) { spec.Command[2] += "\n# once more" })
		Eventually(runs(f.folder("never")), "60s").Should(Equal(eachNode("2")))
		Eventually(f.status("never")).Should(And(all, HaveField("TemplateHash", HavePrefix("v2-"))))
		Expect(f.runs()).To(HaveEach(ContainSubstring("never-exit 1\n")))
	})
})
