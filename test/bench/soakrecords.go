package main

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// shortRetention is for how long some Jobs retain their records, in seconds: the manager
// deletes them before the soak ends.
const shortRetention = 2

// askForRecords gives a simulated Job random settings that rest on its JobRecords.
func (j *soakJob) askForRecords(random *rand.Rand, job *v1beta1.Job) {
	if random.IntN(3) == 0 {
		job.Spec.CompletedPods = v1beta1.CompletedPodsRelease
	}
	if random.IntN(3) == 0 {
		job.Spec.Results = &v1beta1.Results{Outputs: v1beta1.OutputsAll}
		if retained := []int32{0, shortRetention, longRetention}[random.IntN(3)]; retained > 0 {
			job.Spec.Results.RetainSeconds = &retained
		}
	}
	if j.flaky && random.IntN(2) == 0 {
		job.Spec.OnFailure, j.suspends = v1beta1.FailureActionSuspend, true
	}
	j.records = job.Spec.CompletedPods == v1beta1.CompletedPodsRelease || job.Spec.Results != nil
}

// holds returns whether the Job holds itself until it is resumed.
func (j *soakJob) holds() bool {
	suspended := meta.FindStatusCondition(j.last.Conditions, v1beta1.JobSuspended)
	return j.suspends && suspended != nil && suspended.Status == metav1.ConditionTrue && suspended.Reason != v1beta1.ReasonSuspendedByUser
}

// stoppedJobs returns the flaky Jobs that a user can resume: those that hold themselves, and
// those that failed and are kept.
func (s *soak) stoppedJobs() []*soakJob {
	var all []*soakJob
	for _, name := range slices.Sorted(maps.Keys(s.jobs)) {
		job := s.jobs[name]
		if job.flaky && !job.deleted && !job.gone && (job.holds() || job.last.Phase == v1beta1.PhaseFailed) {
			all = append(all, job)
		}
	}
	return all
}

// resume resumes a Job that holds itself, or failed. One that failed gets a DaemonSet again.
func (s *soak) resume(ctx context.Context, job *soakJob) error {
	if job.last.Phase == v1beta1.PhaseFailed {
		s.invariants.daemonSetRemoved(job.name)
	}
	patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:"%d"}}}`, v1beta1.AnnotationResume, s.counts["resumed after failures"]+1)
	s.counts["resumed after failures"]++
	of := &v1beta1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: namespaceSoak, Name: job.name}}
	return client.IgnoreNotFound(s.env.client.Patch(ctx, of, client.RawPatch("application/merge-patch+json", patch)))
}

// unrecorded returns the nodes of a Complete Job that its records must have, and do not.
func (s *soak) unrecorded(job *soakJob) []string {
	if !job.records || job.deleted || job.last.Phase != v1beta1.PhaseComplete {
		return nil
	}
	return s.records.uncovered(job.uid, &job.last, job.untroubled())
}

// recordProblems returns what is wrong with the records.
func (s *soak) recordProblems() []string {
	deleted, err := s.env.audit.deletedPods("daemonset-job-manager", namespaceSoak)
	if err != nil {
		return []string{err.Error()}
	}
	problems := s.records.problems(deleted)
	s.records.mu.Lock() // The watches go on.
	defer s.records.mu.Unlock()
	s.counts["nodes recorded"] = len(s.records.entries)
	for what, n := range s.records.judged {
		s.counts[what+" judged"] = n
	}
	return problems
}

// deletedPods returns the names of the pods of a namespace that a binary deleted.
func (a audit) deletedPods(binary, namespace string) (map[string]bool, error) {
	file, err := os.Open(a.file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // The file was only read.
	deleted := map[string]bool{}
	err = eachEntry(file, func(e *entry) {
		of := &e.ObjectRef
		by, _, _ := strings.Cut(e.UserAgent, "/")
		if e.Verb == "delete" && of.Resource == "pods" && of.Namespace == namespace && by == binary && e.ResponseStatus.Code < 300 {
			deleted[of.Name] = true
		}
	})
	return deleted, err
}
