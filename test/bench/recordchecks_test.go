package main

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

const (
	isUngated  = "was ungated on a, which is recorded as done"
	isDeleted  = "was done on a, and deleted before that was recorded"
	isFailed   = "a was done when Job j failed, and not recorded"
	tooManyOf2 = "Job j: 2 nodes are done and 1 failed, of 2"
)

func TestANodeThatIsRecordedIsNotUngated(t *testing.T) {
	g := NewWithT(t)
	tell(g).write(gatedPod("a")).write(pageWith("a1")).write(workingPod("a")).is(isUngated)
	tell(g).write(gatedPod("a")).write(workingPod("a")).write(pageWith("a1")).is("")
	tell(g).write(gatedPod("a")).write(pageWith("b1")).write(workingPod("a")).is("")
	tell(g).write(gatedPod("b")).write(pageWith("a1")).write(workingPod("b")).is("")

	failed := pageWith("a1")
	failed.Spec.Nodes[0].Result = v1beta1.RecordFailed
	tell(g).write(gatedPod("a")).write(failed).write(workingPod("a")).is("")
	// The watch of JobRecords is behind that of pods, but the revisions say what came first.
	late := tell(g)
	late.write(gatedPod("a"))
	page := pageWith("a1")
	late.last++
	at := late.last
	late.write(workingPod("a"))
	late.last = at - 1
	late.write(page).is(isUngated)
}

func TestWhatNoWatchProvesIsNoViolation(t *testing.T) {
	g := NewWithT(t)
	tell(g).write(pageWith("a1")).list(workingPod("a")).is("")
	tell(g).write(gatedPod("a")).write(pageWith("a1")).list(workingPod("a")).is("")
	tell(g).write(pageWith("a1")).write(gatedPod("a")).list(workingPod("a")).is(isUngated)
	tell(g).write(gatedPod("a")).list(pageWith("a1")).write(workingPod("a")).is(isUngated)
	tell(g).write(gatedPod("a")).write(workingPod("a")).list(pageWith("a1")).is("")
	// The page may have been written before the pod was deleted.
	pod := donePod("a")
	tell(g).write(pod).deletePod(pod).list(pageWith("a1")).is("", pod)
}

func TestAnotherMachineOfTheNameWorksAgain(t *testing.T) {
	g := NewWithT(t)
	tell(g).write(gatedPod("a")).write(pageWith("a1")).deleteNode(node("a", "a1")).write(node("a", "a2")).write(workingPod("a")).is("")
	tell(g).write(gatedPod("a")).write(pageWith("a1")).write(workingPod("a")).deleteNode(node("a", "a1")).is(isUngated)
}

func TestTheManagerRecordsADonePodBeforeItDeletesIt(t *testing.T) {
	g := NewWithT(t)
	pod := donePod("a")
	tell(g).write(pod).deletePod(pod).is(isDeleted, pod)
	tell(g).write(pod).deletePod(pod).write(pageWith("a1")).is(isDeleted, pod)
	tell(g).write(pod).write(pageWith("a1")).deletePod(pod).is("", pod)
	tell(g).write(pod).deletePod(pod).is("")
	tell(g).write(workingPod("a")).deletePod(pod).is("", pod)
	tell(g).write(pod).deleteNode(node("a", "a1")).deletePod(pod).is("", pod)
	// It was bound to an earlier machine.
	tell(g).deleteNode(node("a", "a1")).write(pod).write(node("a", "a2")).deletePod(pod).is("", pod)
	// A Complete Job needs no records.
	complete := failed(time.Now().Add(time.Minute))
	complete.Conditions[0].Type = v1beta1.JobComplete
	tell(g).write(pod).write(jobWith(complete)).deletePod(pod).is("", pod)
	tell(g).write(pod).write(jobWith(complete)).is("")
}

func TestPodsOfAnEarlierTemplateAreRecordedAsTheCacheShowsThem(t *testing.T) {
	for _, age := range []time.Duration{0, time.Minute} {
		g, pod := NewWithT(t), donePod("a")
		h := tell(g).write(pod)
		h.pods[pod.UID].finishedSeen = time.Now().Add(-age)
		h.write(daemonSetWith("h2")).deletePod(pod)
		h.is(map[bool]string{true: isDeleted}[age > 0], pod)
	}
}

func TestAFailedJobHasRecordedWhatIsDone(t *testing.T) {
	g, now := NewWithT(t), time.Now()
	later := jobWith(failed(now.Add(time.Minute)))
	tell(g).write(donePod("a")).write(later).is(isFailed)
	tell(g).write(donePod("a")).write(later).write(pageWith("a1")).is(isFailed)
	tell(g).write(donePod("a")).write(pageWith("a1")).write(later).is("")
	tell(g).write(donePod("a")).deletePod(donePod("a")).write(later).is("")
	tell(g).write(later).write(donePod("a")).is("")
	tell(g).write(donePod("a")).write(jobWith(failed(now))).is("")
}

func TestNoMoreNodesAreDoneThanTheJobHas(t *testing.T) {
	g := NewWithT(t)
	tell(g).write(jobWith(v1beta1.JobStatus{Desired: 2, Succeeded: 1, Failed: 1})).is("")
	tell(g).write(jobWith(v1beta1.JobStatus{Desired: 2, Succeeded: 2, Failed: 1})).is(tooManyOf2)
}

func TestACompleteJobHasRecordedItsNodes(t *testing.T) {
	g := NewWithT(t)
	status := &v1beta1.JobStatus{TemplateHash: "h1", RunGeneration: 1, Succeeded: 2}
	h := tell(g).write(pageWith("a1"))
	g.Expect(h.uncovered("job", status, []string{"a", "b"})).To(Equal([]string{"b", "1 of 2"}))
	g.Expect(h.uncovered("job", status, []string{"a"})).To(Equal([]string{"1 of 2"}))
	h.write(pageWith("a1", "b1"))
	g.Expect(h.uncovered("job", status, []string{"a", "b"})).To(BeEmpty())
	g.Expect(h.uncovered("another job", status, []string{"a"})).To(HaveLen(2))
	status.TemplateHash = "h2"
	g.Expect(h.uncovered("job", status, []string{"a"})).To(HaveLen(2))
}
