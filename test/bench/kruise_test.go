package main

import (
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

func TestTheCRDsOfAKruiseManagerAreThoseOfItsCheckout(t *testing.T) {
	g := NewWithT(t)
	checkout := t.TempDir()
	crds, bin := filepath.Join(checkout, "config", "crd", "bases"), filepath.Join(checkout, "bin")
	for _, folder := range []string{crds, bin} {
		g.Expect(os.MkdirAll(folder, 0o755)).To(Succeed())
	}
	write := func(mode os.FileMode, path ...string) string {
		file := filepath.Join(path...)
		g.Expect(os.WriteFile(file, nil, mode)).To(Succeed())
		return file
	}
	write(0o644, crds, "apps.kruise.io_broadcastjobs.yaml")
	manager := write(0o755, bin, "manager")
	above := write(0o755, checkout, "manager")

	g.Expect(findKruise("")).To(Equal(kruiseFiles{}), "it is not measured")
	g.Expect(findKruise(manager)).To(Equal(kruiseFiles{manager, crds}))
	g.Expect(findKruise(above)).To(Equal(kruiseFiles{above, crds}))
	for wrong, why := range map[string]string{
		filepath.Join(bin, "none"):           "build one with make kruise",
		bin:                                  "not a program",
		write(0o644, bin, "text"):            "not a program",
		write(0o755, t.TempDir(), "manager"): "leave it in its checkout",
	} {
		_, err := findKruise(wrong)
		g.Expect(err).To(MatchError(ContainSubstring(why)), wrong)
		_, err = parseFlags([]string{"-kruise", wrong})
		g.Expect(err).To(HaveOccurred(), "before anything is started")
	}
}

func TestABroadcastJobDoesTheSameWork(t *testing.T) {
	for _, parallelism := range []string{"", "10%"} {
		t.Run("parallelism "+parallelism, func(t *testing.T) {
			g := NewWithT(t)
			made := workload{name: "w", selector: map[string]string{"n": "1"}, parallelism: parallelism}.broadcastJob("ns")
			job, ok := made.(*unstructured.Unstructured)
			g.Expect(ok).To(BeTrue())
			g.Expect(job.GetNamespace() + "/" + job.GetName()).To(Equal("ns/w"))
			at := func(path ...string) any {
				value, _, err := unstructured.NestedFieldCopy(job.Object, path...)
				g.Expect(err).NotTo(HaveOccurred())
				return value
			}
			g.Expect(at("spec", "template", "spec", "nodeSelector")).To(Equal(map[string]any{"n": "1"}))
			g.Expect(at("spec", "template", "spec", "containers")).To(Equal([]any{
				map[string]any{"name": v1beta1.ContainerName, "image": image},
			}))
			g.Expect(at("spec", "completionPolicy", "ttlSecondsAfterFinished")).To(BeZero())
			if parallelism == "" {
				g.Expect(at("spec", "parallelism")).To(BeNumerically(">", 1e6), "all at once")
			} else {
				g.Expect(at("spec", "parallelism")).To(Equal(parallelism))
			}
		})
	}
}

func TestABroadcastJobIsKeptLikeAJob(t *testing.T) {
	g := NewWithT(t)
	job, ok := workload{name: "w", kept: true}.broadcastJob("ns").(*unstructured.Unstructured)
	g.Expect(ok).To(BeTrue())
	ttl, _, err := unstructured.NestedInt64(job.Object, "spec", "completionPolicy", "ttlSecondsAfterFinished")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(ttl).To(BeEquivalentTo(keptSeconds))
}

func TestBroadcastJobsAreMeasuredWhereTheyApply(t *testing.T) {
	g := NewWithT(t)
	without, with := &env{nodes: 1000}, &env{nodes: 1000, programs: programs{kruise: kruiseFiles{manager: "manager"}}}
	for _, s := range scenarios {
		names := []string{}
		for _, c := range with.contenders(s, settings{}) {
			names = append(names, c.name)
		}
		switch s.name {
		case "tenth", "marks":
			g.Expect(names).To(BeEmpty())
		case "2", "5":
			g.Expect(names).To(Equal([]string{contenderJob}), "a BroadcastJob cannot wait for a word in a log")
		default:
			g.Expect(names).To(Equal([]string{contenderJob, contenderBroadcast}))
			g.Expect(without.contenders(s, settings{})).To(HaveLen(1))
		}
	}
}
