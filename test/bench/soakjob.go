package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
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
	name string
	// nodes are those that match. troubled ones were in trouble at some time, and may be
	// left out. tolerates is set if the pods tolerate the taint of the soak.
	nodes     []string
	troubled  map[string]bool
	tolerates bool
	// fails is set if the work fails on each node, and flaky if it fails at random on some.
	fails, flaky bool
	// suspends is set if failures suspend the Job, so that it ends as Complete. records is set
	// if all nodes that are done are in its JobRecords when it is Complete.
	suspends, records bool
	// suspended is set while the Job is suspended, and deleted once the soak deleted it
	// before its end.
	suspended, deleted bool
	// limit is how many nodes may work at once. 0 means all.
	limit int
	// last is the status that was read last, and gone is set once the Job is deleted.
	last v1beta1.JobStatus
	uid  types.UID
	gone bool
	// observedSince is when the soak first read that the Job is complete, while the watch
	// of its pods shows nodes that are not done.
	observedSince time.Time
	// replacedAt is when the Job that has the name now was created, if it replaced one.
	replacedAt time.Time
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
	case j.deleted, j.flaky && !j.suspends && j.last.Phase == v1beta1.PhaseFailed && j.last.Failed > 0:
		return ""
	case j.last.Phase != wanted:
		return fmt.Sprintf("Job %s should be %s and is %q (%s)", j.name, wanted, j.last.Phase, j.last.Completed)
	case !j.fails && (j.last.Succeeded != j.last.Desired || int(j.last.Desired) > len(j.nodes) || int(j.last.Desired) < len(j.nodes)-len(j.troubled)):
		return fmt.Sprintf("Job %s is complete with %d of %d nodes; %d match, of which %d were in trouble",
			j.name, j.last.Succeeded, j.last.Desired, len(j.nodes), len(j.troubled))
	case j.fails && j.last.Failed == 0:
		return fmt.Sprintf("Job %s failed, and names no node", j.name)
	}
	return ""
}

// untroubled returns the nodes that no trouble reached.
func (j *soakJob) untroubled() []string {
	return slices.DeleteFunc(slices.Clone(j.nodes), func(node string) bool { return j.troubled[node] })
}

// randomJob returns a random Job such as a user might create on simulated nodes, and what
// to expect of it.
func randomJob(random *rand.Rand, number, nodes int) (*soakJob, *v1beta1.Job) {
	expected := newSoakJob(number)
	spec := corev1.PodSpec{
		Containers:                   []corev1.Container{{Name: v1beta1.ContainerName, Image: image}},
		AutomountServiceAccountToken: new(false), TerminationGracePeriodSeconds: new(int64(0)),
	}
	switch random.IntN(4) {
	case 0:
	case 1:
		spec.NodeSelector = map[string]string{labelTenth: strconv.Itoa(random.IntN(10))}
	default:
		spec.NodeSelector = map[string]string{labelGroup(soakGroup): strconv.Itoa(random.IntN(nodes / soakGroup))}
	}
	for i := range nodes {
		if node := simulatedNode(i); labels.SelectorFromSet(spec.NodeSelector).Matches(labels.Set(node.Labels)) {
			expected.nodes = append(expected.nodes, node.Name)
		}
	}
	job := expected.job(random, corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{
			Labels:      map[string]string{},
			Annotations: map[string]string{annotationWorksFor: fmt.Sprintf("%dms", random.IntN(1500))},
		},
		Spec: spec,
	})
	job.Spec.BackoffLimit = new(int32(simulatedBackoffLimit))
	if random.IntN(2) == 0 {
		job.Spec.CompletionMode = v1beta1.CompletionExit
		switch random.IntN(4) {
		case 0:
			job.Spec.Template.Labels[labelBench], expected.fails = benchFails, true
		case 1:
			// So few nodes fail that a Job which is resumed again and again comes to its end.
			if expected.flaky = len(expected.nodes) <= soakGroup; expected.flaky {
				job.Spec.Template.Labels[labelBench] = benchFlaky
			}
		}
	}
	expected.askForRecords(random, job)
	switch random.IntN(3) {
	case 0:
		job.Spec.Parallelism, expected.limit = new(intstr.FromString("10%")), len(expected.nodes)/10
	case 1:
		// At most 20 waves, so that each Job can finish within the soak.
		expected.limit = max(1+random.IntN(20), len(expected.nodes)/20)
		job.Spec.Parallelism = new(intstr.FromInt(expected.limit))
	}
	return expected, job
}

func newSoakJob(number int) *soakJob {
	return &soakJob{name: fmt.Sprintf("soak-%d", number), troubled: map[string]bool{}}
}

// job returns the Job in Log mode, with random settings that do not depend on the nodes.
func (j *soakJob) job(random *rand.Rand, template corev1.PodTemplateSpec) *v1beta1.Job {
	job := &v1beta1.Job{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespaceSoak, Name: j.name, Finalizers: []string{finalizer}},
		Spec:       v1beta1.JobSpec{CompletionMode: v1beta1.CompletionLog, Template: &template},
	}
	if j.tolerates = random.IntN(3) == 0; j.tolerates {
		job.Spec.Template.Spec.Tolerations = []corev1.Toleration{{Key: taintKey, Operator: corev1.TolerationOpExists}}
	}
	if random.IntN(4) == 0 {
		job.Spec.Suspend, j.suspended = new(true), true
	}
	if random.IntN(2) == 0 {
		job.Spec.TTLSecondsAfterFinished = new(int32(random.IntN(3) * 3600))
	}
	return job
}
