package main

import (
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

func exitPod(node string) *wrappers.PodWrapper {
	w := pending(node).Exit("w")
	w.Status.InitContainerStatuses = nil
	return w
}

func withUID(w *wrappers.PodWrapper, uid types.UID) *corev1.Pod {
	w.UID = uid
	return w.Obj()
}

func TestTheInvariantWatcherSeesTooManyAtWork(t *testing.T) {
	g := NewWithT(t)
	w := newInvariantWatcher()
	w.setLimit("j", 2)
	for _, node := range []string{"a", "b"} {
		w.record(exitPod(node).Gated().Obj(), false)
		w.record(exitPod(node).Obj(), false)
	}
	failing := pending("b").Exit("w").Restarted("w", 9, 3, "")
	w.record(failing.Obj(), false)
	w.record(exitPod("c").Obj(), false)
	g.Expect(w.violations()).To(BeEmpty(), "a failed node frees its slot")
	w.record(exitPod("d").Obj(), false)
	g.Expect(w.violations()).To(ConsistOf(ContainSubstring("3 nodes of Job j work at once, of 2")))
}

func TestAGapIsNoViolation(t *testing.T) {
	g := NewWithT(t)
	w := newInvariantWatcher()
	w.setLimit("j", 1)
	w.record(exitPod("a").Obj(), false)
	w.record(exitPod("z").Gated().Obj(), false)
	// During a gap in the watch, pod a finishes, pod z is deleted, and pod b starts to
	// work.
	done := wrappers.Pod(theJob, "a", "h1").Exit("w")
	w.replace([]corev1.Pod{*exitPod("b").Obj(), *done.Obj()})
	g.Expect(w.violations()).To(BeEmpty())
	g.Expect(w.mostWorking).To(HaveKeyWithValue("j", 1))
	g.Expect(w.pods).To(HaveLen(2))
}

func TestTheInvariantWatcherSeesWorkDoneTwice(t *testing.T) {
	g := NewWithT(t)
	done := func() *wrappers.PodWrapper { return wrappers.Pod(theJob, "a", "h1").Completed() }
	w := newInvariantWatcher()
	w.record(withUID(done(), "1"), false)
	w.record(withUID(done(), "1"), false)
	w.record(withUID(wrappers.Pod(theJob, "a", "h2").Completed(), "2"), false)
	w.record(withUID(done(), "3"), false)
	g.Expect(w.violations()).To(BeEmpty(), "another template, or two that Kubernetes made at once")
	w.record(withUID(done(), "3"), true)
	w.record(withUID(pending("a"), "4"), false)
	w.record(withUID(done(), "4"), false)
	g.Expect(w.violations()).To(ConsistOf(ContainSubstring("done twice: j on a, template h1")))
}

func TestTheEndOfASoakedJobIsChecked(t *testing.T) {
	g := NewWithT(t)
	ends := func(job soakJob, phase v1beta1.JobPhase, succeeded, failed int32) string {
		job.name, job.pods = "j", 5
		job.last = v1beta1.JobStatus{Phase: phase, Desired: 5, Succeeded: succeeded, Failed: failed}
		return job.problem()
	}
	g.Expect(ends(soakJob{}, v1beta1.PhaseComplete, 5, 0)).To(BeEmpty())
	g.Expect(ends(soakJob{}, v1beta1.PhaseComplete, 4, 0)).To(ContainSubstring("4 of 5"))
	g.Expect(ends(soakJob{}, v1beta1.PhaseRunning, 4, 0)).To(ContainSubstring(`should be Complete and is "Running"`))
	g.Expect(ends(soakJob{deleted: true}, v1beta1.PhaseRunning, 1, 0)).To(BeEmpty())
	g.Expect(ends(soakJob{fails: true}, v1beta1.PhaseFailed, 0, 1)).To(BeEmpty())
	g.Expect(ends(soakJob{fails: true}, v1beta1.PhaseFailed, 0, 0)).To(ContainSubstring("names no node"))
	g.Expect(ends(soakJob{fails: true}, v1beta1.PhaseComplete, 5, 0)).To(ContainSubstring("should be Failed"))
}
