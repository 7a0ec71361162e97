package main

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// suspendedFor is the status of a Job that is suspended for a reason.
func suspendedFor(reason string) v1beta1.JobStatus {
	return v1beta1.JobStatus{Phase: v1beta1.PhaseSuspended, Conditions: []metav1.Condition{
		{Type: v1beta1.JobSuspended, Status: metav1.ConditionTrue, Reason: reason},
	}}
}

func TestOnlyFlakyJobsThatStoppedAreResumed(t *testing.T) {
	g := NewWithT(t)
	held, failed := suspendedFor(v1beta1.ReasonMaxFailedNodesExceeded), v1beta1.JobStatus{Phase: v1beta1.PhaseFailed}
	s := &soak{jobs: map[string]*soakJob{
		"held":      {name: "held", flaky: true, suspends: true, last: held},
		"failed":    {name: "failed", flaky: true, last: failed},
		"by a user": {name: "by a user", flaky: true, suspends: true, last: suspendedFor(v1beta1.ReasonSuspendedByUser)},
		"at work":   {name: "at work", flaky: true, suspends: true, last: v1beta1.JobStatus{Phase: v1beta1.PhaseRunning}},
		"hopeless":  {name: "hopeless", fails: true, last: failed},
		"gone":      {name: "gone", flaky: true, gone: true, last: failed},
		"deleted":   {name: "deleted", flaky: true, deleted: true, last: failed},
	}}
	var names []string
	for _, job := range s.stoppedJobs() {
		names = append(names, job.name)
	}
	g.Expect(names).To(Equal([]string{"failed", "held"}))
}

func TestUnrecordedNodesAreThoseOfCompleteJobsThatRecord(t *testing.T) {
	g := NewWithT(t)
	s := &soak{records: tell(g).write(pageWith("a1")).recordHistory}
	complete := v1beta1.JobStatus{Phase: v1beta1.PhaseComplete, TemplateHash: "h1", RunGeneration: 1, Succeeded: 1}
	job := soakJob{uid: "job", nodes: []string{"a", "b"}, records: true, last: complete}
	g.Expect(s.unrecorded(&job)).To(Equal([]string{"b"}))
	for _, change := range []func(*soakJob){
		func(j *soakJob) { j.records = false },
		func(j *soakJob) { j.deleted = true },
		func(j *soakJob) { j.troubled = map[string]bool{"b": true} },
		func(j *soakJob) { j.last.Phase = v1beta1.PhaseRunning },
	} {
		other := job
		change(&other)
		g.Expect(s.unrecorded(&other)).To(BeEmpty())
	}
}

// testTheActsOnRecords tests what the soak does with JobRecords and for them, on an API server.
func testTheActsOnRecords(t *testing.T, s *soak, job *soakJob) {
	g, ctx, k8s := NewWithT(t), t.Context(), s.env.client
	stored := &v1beta1.Job{}
	for _, phase := range []v1beta1.JobPhase{v1beta1.PhaseSuspended, v1beta1.PhaseFailed} {
		allowed := s.invariants.historyOf(job.name).allowed
		before := stored.Annotations[v1beta1.AnnotationResume]
		job.last.Phase = phase
		g.Expect(s.resume(ctx, job)).To(Succeed())
		g.Expect(k8s.Get(ctx, client.ObjectKey{Namespace: namespaceSoak, Name: job.name}, stored)).To(Succeed())
		g.Expect(stored.Annotations[v1beta1.AnnotationResume]).NotTo(Equal(before))
		more := map[v1beta1.JobPhase]int{v1beta1.PhaseFailed: 1}[phase]
		g.Expect(s.invariants.historyOf(job.name).allowed).To(Equal(allowed+more), "a Failed Job gets a DaemonSet again")
	}
	job.last.Phase = ""

	long := pageWith("a1")
	long.Namespace, long.UID, long.Name, long.Spec.RetainSeconds = namespaceSoak, "", "long-0", new(int32(longRetention))
	short := long.DeepCopy()
	short.Name, short.Spec.RetainSeconds = "short-0", new(int32(shortRetention))
	g.Expect(k8s.Create(ctx, long)).To(Succeed())
	before, err := s.env.left(ctx)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(k8s.Create(ctx, short)).To(Succeed())
	left, err := s.env.left(ctx)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(left).To(HaveLen(len(before)+1), "the other one is retained for longer than a soak")

	s.records.watch(ctx, k8s, namespaceSoak)
	g.Eventually(func(g Gomega) {
		s.records.mu.Lock()
		defer s.records.mu.Unlock()
		g.Expect(s.records.pages).To(HaveLen(2))
		g.Expect(s.records.nodes).To(HaveLen(len(s.nodes)))
		g.Expect(s.records.jobs).To(HaveKey(stored.UID))
	}).WithTimeout(30*time.Second).Should(Succeed(), "what is listed")
	g.Expect(k8s.Delete(ctx, short)).To(Succeed())
	g.Eventually(func(g Gomega) {
		s.records.mu.Lock()
		defer s.records.mu.Unlock()
		gone := s.records.pages[short.UID].gone
		g.Expect(gone.happened()).To(BeTrue())
		g.Expect(gone.after).To(Equal(gone.by-1), "an event tells when exactly")
		g.Expect(gone.by).To(BeNumerically(">", revisionOf(short.ResourceVersion)))
	}).WithTimeout(30*time.Second).Should(Succeed(), "what is watched")
}
