package main

import (
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
	w := newInvariantWatcher(&takeaways{})
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
	w := newInvariantWatcher(&takeaways{})
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
	w := newInvariantWatcher(&takeaways{})
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

func TestWorkOfPodsThatWereTakenAwayMayBeDoneTwice(t *testing.T) {
	for _, excused := range []bool{true, false} {
		g, taken := NewWithT(t), &takeaways{}
		w := newInvariantWatcher(taken)
		done := func(uid types.UID) *corev1.Pod { return withUID(wrappers.Pod(theJob, "a", "h1").Completed(), uid) }
		w.record(done("1"), false)
		node := map[bool]string{true: "a", false: "b"}[excused]
		taken.begin("j", node)()
		w.record(done("1"), true)
		w.record(done("2"), false)
		g.Expect(w.violations()).To(HaveLen(map[bool]int{true: 0, false: 1}[excused]), "taken away on %s", node)
	}
}

func TestTheInvariantWatcherSeesTwoAtWorkOnANode(t *testing.T) {
	g := NewWithT(t)
	w := newInvariantWatcher(&takeaways{})
	w.record(withUID(exitPod("a"), "1"), false)
	w.record(withUID(exitPod("a"), "2"), false)
	g.Expect(w.violations()).To(BeEmpty(), "no gate keeps the second one")
	w.setLimit("j", 5)
	w.record(withUID(exitPod("a"), "2"), false)
	g.Expect(w.violations()).To(ConsistOf(ContainSubstring("pods 1 and 2 of Job j work on a at once")))
}

func TestPodsOfANodeThatLeftHoldNoSlot(t *testing.T) {
	g := NewWithT(t)
	w := newInvariantWatcher(&takeaways{})
	w.setLimit("j", 1)
	w.record(withUID(exitPod("a"), "1"), false)
	g.Expect(w.justJoined()).To(BeEmpty())
	back := w.nodeLeft("a")
	w.record(withUID(exitPod("b"), "2"), false)
	w.record(withUID(exitPod("a"), "1"), false)
	back()
	g.Expect(w.justJoined()).To(Equal([]string{"a"}), "its pods may be those of before")
	w.record(withUID(exitPod("a"), "1"), false)
	g.Expect(w.violations()).To(BeEmpty())
	w.record(withUID(exitPod("c"), "3"), false)
	g.Expect(w.violations()).To(ConsistOf(ContainSubstring("2 nodes of Job j work at once, of 1")))
}

// ownedBy is the done pod of a node that this DaemonSet owns.
func ownedBy(daemonSet types.UID, node string) *corev1.Pod {
	w := wrappers.Pod(theJob, node, "h1").Completed()
	w.OwnerReferences = []metav1.OwnerReference{{UID: daemonSet, Controller: new(true)}}
	return withUID(w, daemonSet+types.UID(node))
}

func TestTheInvariantWatcherSeesADaemonSetMadeAgain(t *testing.T) {
	g := NewWithT(t)
	w := newInvariantWatcher(&takeaways{})
	w.record(ownedBy("1", "a"), false)
	w.record(ownedBy("1", "b"), false)
	w.daemonSetRemoved("j")
	w.record(ownedBy("2", "c"), false)
	g.Expect(w.violations()).To(BeEmpty(), "the soak deleted the first one")
	w.record(ownedBy("3", "d"), false)
	g.Expect(w.violations()).To(ConsistOf(ContainSubstring("Job j has its DaemonSet number 3, of 2")))
}

func TestWorkMayBeDoneTwiceForTwoDaemonSets(t *testing.T) {
	g := NewWithT(t)
	w := newInvariantWatcher(&takeaways{})
	w.daemonSetRemoved("j")
	second := ownedBy("2", "a")
	for _, pod := range []*corev1.Pod{ownedBy("1", "a"), second} {
		w.record(pod, false)
		w.record(pod, true)
	}
	g.Expect(w.violations()).To(BeEmpty())
	g.Expect(w.sameDaemonSet("1a", "2a")).To(BeFalse())
	third := second.DeepCopy()
	third.UID = "another pod of the second one"
	w.record(third, false)
	g.Expect(w.violations()).To(ConsistOf(ContainSubstring("done twice: j on a")))
	g.Expect(w.sameDaemonSet("2a", string(third.UID))).To(BeTrue())
}

func TestTheInvariantWatcherSeesUndoneNodes(t *testing.T) {
	g := NewWithT(t)
	w := newInvariantWatcher(&takeaways{})
	w.record(ownedBy("1", "a"), false)
	g.Expect(w.undone("j", "h1", []string{"a", "b"})).To(Equal([]string{"b"}))
	g.Expect(w.undone("j", "h2", []string{"a"})).To(Equal([]string{"a"}), "another template")
	w.jobReplaced("j")
	w.record(ownedBy("1", "b"), false)
	g.Expect(w.undone("j", "h1", []string{"a", "b"})).To(Equal([]string{"a", "b"}), "the work of the Job before")
	w.record(ownedBy("2", "b"), false)
	g.Expect(w.undone("j", "h1", []string{"a", "b"})).To(Equal([]string{"a"}))
}

func TestTheEndOfASoakedJobIsChecked(t *testing.T) {
	g := NewWithT(t)
	ends := func(job soakJob, phase v1beta1.JobPhase, succeeded, failed int32) string {
		job.name, job.nodes = "j", []string{"a", "b", "c", "d", "e"}
		job.last = v1beta1.JobStatus{Phase: phase, Desired: 5, Succeeded: succeeded, Failed: failed}
		return job.problem()
	}
	g.Expect(ends(soakJob{}, v1beta1.PhaseComplete, 5, 0)).To(BeEmpty())
	g.Expect(ends(soakJob{}, v1beta1.PhaseComplete, 4, 0)).To(ContainSubstring("4 of 5"))
	g.Expect(ends(soakJob{troubled: map[string]bool{"a": true}}, v1beta1.PhaseComplete, 4, 0)).To(ContainSubstring("4 of 5"))
	g.Expect(ends(soakJob{}, v1beta1.PhaseRunning, 4, 0)).To(ContainSubstring(`should be Complete and is "Running"`))
	g.Expect(ends(soakJob{deleted: true}, v1beta1.PhaseRunning, 1, 0)).To(BeEmpty())
	g.Expect(ends(soakJob{fails: true}, v1beta1.PhaseFailed, 0, 1)).To(BeEmpty())
	g.Expect(ends(soakJob{fails: true}, v1beta1.PhaseFailed, 0, 0)).To(ContainSubstring("names no node"))
	g.Expect(ends(soakJob{fails: true}, v1beta1.PhaseComplete, 5, 0)).To(ContainSubstring("should be Failed"))

	g.Expect(ends(soakJob{flaky: true}, v1beta1.PhaseFailed, 4, 1)).To(BeEmpty())
	g.Expect(ends(soakJob{flaky: true}, v1beta1.PhaseComplete, 5, 0)).To(BeEmpty())
	g.Expect(ends(soakJob{flaky: true}, v1beta1.PhaseComplete, 4, 1)).To(ContainSubstring("4 of 5"))
	g.Expect(ends(soakJob{flaky: true, suspends: true}, v1beta1.PhaseFailed, 4, 1)).To(ContainSubstring("should be Complete"))

	fewer := soakJob{name: "j", nodes: []string{"a", "b"}, last: v1beta1.JobStatus{Phase: v1beta1.PhaseComplete, Desired: 1, Succeeded: 1}}
	g.Expect(fewer.problem()).To(ContainSubstring("1 of 1 nodes; 2 match"))
	fewer.troubled = map[string]bool{"a": true}
	g.Expect(fewer.problem()).To(BeEmpty(), "it may have been left out")
}
