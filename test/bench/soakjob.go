package main

import (
	"fmt"
	"math/rand/v2"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

const (
	namespaceSoak = "soak"
	// finalizer keeps a deleted Job until the soak has read its last status.
	finalizer = "bench/status-is-read"
)

// soakJob is a Job of the soak, with its expected result.
type soakJob struct {
	name  string
	pods  int
	fails bool
	// suspended is set while the Job is suspended, and deleted once the soak deleted it
	// before its end.
	suspended, deleted bool
	// limit is how many nodes may work at once. 0 means all.
	limit int
	// last is the status that was read last, and gone is set once the Job is deleted.
	last v1beta1.JobStatus
	gone bool
}

// finished returns whether the Job is finished or gone.
func (j *soakJob) finished() bool {
	return j.gone || j.last.Phase == v1beta1.PhaseComplete || j.last.Phase == v1beta1.PhaseFailed
}

// problem describes what is wrong with the finished Job. It returns an empty string if
// the result is as expected.
func (j *soakJob) problem() string {
	wanted := v1beta1.PhaseComplete
	if j.fails {
		wanted = v1beta1.PhaseFailed
	}
	switch {
	case j.deleted:
		return ""
	case j.last.Phase != wanted:
		return fmt.Sprintf("Job %s should be %s and is %q (%s)", j.name, wanted, j.last.Phase, j.last.Completed)
	case !j.fails && (int(j.last.Succeeded) != j.pods || int(j.last.Desired) != j.pods):
		return fmt.Sprintf("Job %s is complete with %d of %d nodes; %d match", j.name, j.last.Succeeded, j.last.Desired, j.pods)
	case j.fails && j.last.Failed == 0:
		return fmt.Sprintf("Job %s failed, and names no node", j.name)
	}
	return ""
}

// randomJob returns a random Job such as a user might create, and what to expect of it.
func randomJob(random *rand.Rand, number, nodes int) (*soakJob, *v1beta1.Job) {
	expected := &soakJob{name: fmt.Sprintf("soak-%d", number)}
	spec := corev1.PodSpec{
		Containers:                   []corev1.Container{{Name: v1beta1.ContainerName, Image: image}},
		AutomountServiceAccountToken: new(false), TerminationGracePeriodSeconds: new(int64(0)),
	}
	switch random.IntN(4) {
	case 0:
		expected.pods = nodes
	case 1:
		expected.pods, spec.NodeSelector = nodes/10, map[string]string{labelTenth: strconv.Itoa(random.IntN(10))}
	default:
		expected.pods, spec.NodeSelector = groupSize, map[string]string{labelGroup: strconv.Itoa(random.IntN(nodes / groupSize))}
	}
	job := &v1beta1.Job{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespaceSoak, Name: expected.name, Finalizers: []string{finalizer}},
		Spec: v1beta1.JobSpec{
			CompletionMode: v1beta1.CompletionLog, BackoffLimit: new(int32(simulatedBackoffLimit)),
			Template: &corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{
					Labels:      map[string]string{},
					Annotations: map[string]string{annotationWorksFor: fmt.Sprintf("%dms", random.IntN(1500))},
				},
				Spec: spec,
			},
		},
	}
	if random.IntN(2) == 0 {
		job.Spec.CompletionMode = v1beta1.CompletionExit
		if expected.fails = random.IntN(4) == 0; expected.fails {
			job.Spec.Template.Labels[labelBench] = benchFails
		}
	}
	switch random.IntN(3) {
	case 0:
		job.Spec.Parallelism, expected.limit = new(intstr.FromString("10%")), expected.pods/10
	case 1:
		// At most 20 waves, so that each Job can finish within the soak.
		expected.limit = max(1+random.IntN(20), expected.pods/20)
		job.Spec.Parallelism = new(intstr.FromInt(expected.limit))
	}
	if random.IntN(4) == 0 {
		job.Spec.Suspend, expected.suspended = new(true), true
	}
	if random.IntN(2) == 0 {
		job.Spec.TTLSecondsAfterFinished = new(int32(random.IntN(3) * 3600))
	}
	return expected, job
}
