package chart

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// notes returns what Helm prints after an installation.
func notes(t *testing.T, args ...string) string {
	t.Helper()
	out, err := helm(t, append([]string{"install", release, folder, "--namespace", namespace, "--dry-run=client"}, args...)...)
	g := NewWithT(t)
	g.Expect(err).NotTo(HaveOccurred())
	_, printed, ok := strings.Cut(out, "NOTES:\n")
	g.Expect(ok).To(BeTrue())
	return printed
}

// jobOf returns the Job that the notes tell the user to create.
func jobOf(t *testing.T, printed string) *v1beta1.Job {
	t.Helper()
	_, rest, _ := strings.Cut(printed, "<<END\n")
	text, _, ok := strings.Cut(rest, "  END\n")
	g := NewWithT(t)
	g.Expect(ok).To(BeTrue())
	job := &v1beta1.Job{}
	g.Expect(yaml.UnmarshalStrict([]byte(text), job)).To(Succeed())
	return job
}

func TestTheNotesSayWhatToDo(t *testing.T) {
	g := NewWithT(t)
	printed := notes(t)
	g.Expect(printed).To(ContainSubstring("kubectl -n daemonset-job-system rollout status deployment/daemonset-job-controller-manager\n"))
	g.Expect(jobOf(t, printed).Namespace).To(Equal("default"))
	g.Expect(printed).To(ContainSubstring("kubectl -n default get dsj kernel-versions"))
	g.Expect(printed).To(ContainSubstring("helm uninstall leaves the CustomResourceDefinitions"))
	g.Expect(printed).NotTo(Or(ContainSubstring("WARNING"), ContainSubstring("guard.create")))

	printed = notes(t, "--set", "watchNamespaces={a,b},guard.mode=ignore")
	g.Expect(printed).To(ContainSubstring("for the Jobs of a, b."))
	g.Expect(jobOf(t, printed).Namespace).To(Equal("a"))
	g.Expect(printed).To(ContainSubstring("WARNING: guard.mode is ignore"))
	g.Expect(notes(t, "--set", "guard.create=false")).To(ContainSubstring("no Job starts until the admission policy daemonset-job-guard is there"))
}
