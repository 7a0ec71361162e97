// Package newjob makes the Jobs that the plugin creates: those of run, and the manual runs of a
// CronJob.
package newjob

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/nodeset"
)

// MaxNamedNodes is how many nodes can be named. Each is a term of an affinity.
const MaxNamedNodes = 200

// TTLs of finished Jobs that the plugin does not delete.
const (
	keptForLostTerminal = time.Hour
	keptIfAsked         = 7 * 24 * time.Hour
)

// Options are what run was asked for.
type Options struct {
	Namespace, Image string
	Command          []string
	// Selector has the labels of the nodes, as k=v,k2=v2, and Nodes their names, as a node set.
	// At most one is set.
	Selector, Nodes string
	// Parallelism is a number or a percentage, empty for all nodes at once.
	Parallelism string
	MountPath   string
	// Host runs the command in the namespaces of the host.
	Host    bool
	Timeout time.Duration
	Keep    bool
}

// Run returns the Job of an ad-hoc run. The API server completes its name. It ends on a node with
// the first failure, and as a whole when each node ended: a node that failed stops no other.
func Run(o Options) (*v1beta1.Job, error) {
	kept := keptForLostTerminal
	if o.Keep {
		kept = keptIfAsked
	}
	job := &v1beta1.Job{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1beta1.GroupVersion.String(), Kind: "Job"},
		ObjectMeta: metav1.ObjectMeta{Namespace: o.Namespace, GenerateName: "run-"},
		Spec: v1beta1.JobSpec{
			Image: o.Image, Command: o.Command, MountPath: o.MountPath,
			CompletionMode: v1beta1.CompletionExit,
			BackoffLimit:   new(int32(0)), MaxFailedNodes: new(intstr.FromString("100%")),
			TTLSecondsAfterFinished: new(int32(kept.Seconds())),
			Results:                 &v1beta1.Results{Outputs: v1beta1.OutputsFailed, MaxOutputBytes: new(int32(v1beta1.MaxOutputBytes))},
		},
	}
	if o.Timeout > 0 {
		job.Spec.ActiveDeadlineSeconds = new(int64(max(time.Second, o.Timeout).Seconds()))
	}
	if o.Parallelism != "" {
		job.Spec.Parallelism = new(intstr.Parse(o.Parallelism))
	}
	if err := choose(&job.Spec, o); err != nil {
		return nil, err
	}
	if o.Host {
		return job, onHost(&job.Spec, o.Command)
	}
	return job, nil
}

// choose limits the Job to the nodes that were asked for.
func choose(spec *v1beta1.JobSpec, o Options) error {
	switch {
	case o.Selector != "" && o.Nodes != "":
		return fmt.Errorf("use either --selector or --nodes")
	case o.Selector != "":
		selector, err := labels.ConvertSelectorToLabelsMap(o.Selector)
		if err != nil {
			return fmt.Errorf("--selector %q: write labels of the nodes as key=value,key2=value2: %w", o.Selector, err)
		}
		spec.NodeSelector = selector
	case o.Nodes != "":
		names, err := nodeset.Parse(o.Nodes)
		if err != nil {
			return fmt.Errorf("--nodes: %w", err)
		}
		if len(names) > MaxNamedNodes {
			return fmt.Errorf("--nodes names %d nodes, and at most %d can be named: label them, and choose them by --selector", len(names), MaxNamedNodes)
		}
		affinity(longForm(spec), names)
	}
	return nil
}

// affinity lets pods run on the named nodes alone. A term can name one node.
func affinity(pod *corev1.PodSpec, names []string) {
	var terms []corev1.NodeSelectorTerm
	for _, name := range names {
		terms = append(terms, corev1.NodeSelectorTerm{MatchFields: []corev1.NodeSelectorRequirement{{
			Key: metav1.ObjectNameField, Operator: corev1.NodeSelectorOpIn, Values: []string{name},
		}}})
	}
	pod.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
		RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: terms},
	}}
}

// onHost lets the command run as root in the namespaces of the host's first process. The image
// needs nsenter alone.
func onHost(spec *v1beta1.JobSpec, command []string) error {
	if len(command) == 0 {
		return fmt.Errorf("--host needs a command: write it behind --")
	}
	pod := longForm(spec)
	pod.HostPID = true
	container := &pod.Containers[0]
	container.Command = append([]string{"nsenter", "-t", "1", "-m", "-u", "-i", "-n", "-p", "--"}, command...)
	container.SecurityContext = &corev1.SecurityContext{Privileged: new(true), RunAsUser: new(int64(0))}
	return nil
}

// longForm turns a Job into the long form, and returns its pod.
func longForm(spec *v1beta1.JobSpec) *corev1.PodSpec {
	if spec.Template == nil {
		spec.Template = new(daemonset.LongForm(spec))
		spec.Image, spec.Command, spec.MountPath, spec.NodeSelector = "", nil, "", nil
	}
	return &spec.Template.Spec
}
