package plan

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

var update = flag.Bool("update", false, "write the golden files")

// TestRollouts compares whole rollouts with transcripts that a person can read.
// After a wanted change, go test ./internal/plan -update writes them again.
func TestRollouts(t *testing.T) {
	base := func() *wrappers.JobWrapper { return wrappers.Job("ns", "j") }
	rollouts := map[string]func(t *testing.T) *rollout{
		"plain": func(t *testing.T) *rollout {
			r := newRollout(t, base(), "a", "b", "c")
			for _, node := range []string{"b", "a", "c"} {
				r.done(node)
			}
			r.pass(5 * time.Second)
			return r
		},
		"kept-for-its-ttl": func(t *testing.T) *rollout {
			r := newRollout(t, base().TTL(60).MaxFailedNodes("1"), "a", "b")
			r.crash("a")
			r.done("b")
			r.join("c")
			return r
		},
		"kept-for-gitops": func(t *testing.T) *rollout {
			r := newRollout(t, base().Label(fluxLabel, "apps"), "a", "b")
			r.done("a")
			r.done("b")
			r.pass(time.Hour)
			r.update("changes the image", func(spec *v1beta1.JobSpec) { spec.Image = "example.com/work:v2" })
			r.done("a")
			r.done("b")
			return r
		},
		"parallelism": func(t *testing.T) *rollout {
			r := newRollout(t, base().Parallelism("2"), "a", "b", "c", "d")
			r.done("b")
			r.update("sets parallelism to 1", func(spec *v1beta1.JobSpec) { *spec = base().Parallelism("1").Spec })
			r.done("a")
			r.done("c")
			r.done("d")
			return r
		},
		"retry-after-suspend": func(t *testing.T) *rollout {
			r := newRollout(t, base().OnFailure(v1beta1.FailureActionSuspend), "a", "b")
			r.done("b")
			r.crash("a")
			r.pass(time.Minute)
			r.annotate("1")
			r.done("a")
			return r
		},
		"suspended-by-the-user": func(t *testing.T) *rollout {
			r := newRollout(t, base().Suspend(true), "a", "b")
			r.update("resumes the Job", func(spec *v1beta1.JobSpec) { spec.Suspend = nil })
			r.done("a")
			r.done("b")
			return r
		},
		"template-change": func(t *testing.T) *rollout {
			r := newRollout(t, base().Parallelism("1"), "a", "b")
			r.done("a")
			r.update("changes the image", func(spec *v1beta1.JobSpec) { spec.Image = "example.com/work:v2" })
			r.done("a")
			r.done("b")
			return r
		},
		"deadline": func(t *testing.T) *rollout {
			r := newRollout(t, base().Deadline(60), "a", "b", "c")
			r.done("a")
			r.pass(50 * time.Second)
			r.pass(8 * time.Second)
			return r
		},
		"failure": func(t *testing.T) *rollout {
			r := newRollout(t, base().MaxFailedNodes("1"), "a", "b", "c")
			r.done("a")
			r.crash("b")
			r.crash("c")
			return r
		},
		"node-joins": func(t *testing.T) *rollout {
			r := newRollout(t, base(), "a")
			r.join("b")
			r.done("a")
			r.done("b")
			return r
		},
		"node-leaves": func(t *testing.T) *rollout {
			r := newRollout(t, base().Parallelism("1"), "a", "b", "c")
			r.leave("a")
			r.done("b")
			r.done("c")
			return r
		},
		"never-ends": func(t *testing.T) *rollout {
			r := newRollout(t, base().Never(), "a", "b")
			r.done("a")
			r.crash("b")
			r.join("c")
			r.done("c")
			return r
		},
	}
	for name, roll := range rollouts {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			file := filepath.Join("testdata", name+".golden")
			transcript := roll(t).transcript.String()
			if *update {
				g.Expect(os.WriteFile(file, []byte(transcript), 0o600)).To(Succeed())
			}
			golden, err := os.ReadFile(file)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(transcript).To(Equal(string(golden)), "if this is wanted: go test ./internal/plan -update")
		})
	}
}
