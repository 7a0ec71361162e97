// Package testing makes test objects in one expression, and skips tests that need an
// API server where there is none: unit, API server and end-to-end tests share it.
package testing

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// JobWrapper makes a Job.
type JobWrapper struct{ v1beta1.Job }

// Job is one in the short form, with an image and nothing else.
func Job(namespace, name string) *JobWrapper {
	return &JobWrapper{v1beta1.Job{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1beta1.GroupVersion.String(), Kind: "Job"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       v1beta1.JobSpec{Image: "example.com/work:v1"},
	}}
}

// Obj is the Job made so far.
func (w *JobWrapper) Obj() *v1beta1.Job { return w.DeepCopy() }

// UID sets what the API server would.
func (w *JobWrapper) UID(uid string) *JobWrapper {
	w.Job.UID = types.UID(uid)
	return w
}

// Generation sets what the API server would.
func (w *JobWrapper) Generation(n int64) *JobWrapper {
	w.Job.Generation = n
	return w
}

// Image sets the image.
func (w *JobWrapper) Image(image string) *JobWrapper {
	w.Spec.Image = image
	return w
}

// Command sets the command.
func (w *JobWrapper) Command(command ...string) *JobWrapper {
	w.Spec.Command = command
	return w
}

// Args sets the arguments.
func (w *JobWrapper) Args(args ...string) *JobWrapper {
	w.Spec.Args = args
	return w
}

// Env adds an environment variable.
func (w *JobWrapper) Env(name, value string) *JobWrapper {
	w.Spec.Env = append(w.Spec.Env, corev1.EnvVar{Name: name, Value: value})
	return w
}

// MountPath sets the directory of the host.
func (w *JobWrapper) MountPath(path string) *JobWrapper {
	w.Spec.MountPath = path
	return w
}

// NodeSelector adds a label that the nodes must have.
func (w *JobWrapper) NodeSelector(key, value string) *JobWrapper {
	if w.Spec.NodeSelector == nil {
		w.Spec.NodeSelector = map[string]string{}
	}
	w.Spec.NodeSelector[key] = value
	return w
}

// Tolerations adds tolerations.
func (w *JobWrapper) Tolerations(tolerations ...corev1.Toleration) *JobWrapper {
	w.Spec.Tolerations = append(w.Spec.Tolerations, tolerations...)
	return w
}

// Template makes it the long form.
func (w *JobWrapper) Template(template corev1.PodTemplateSpec) *JobWrapper {
	w.Spec.Image, w.Spec.Template = "", &template
	return w
}

// Exit makes the exit of the containers its end.
func (w *JobWrapper) Exit() *JobWrapper {
	w.Spec.CompletionMode = v1beta1.CompletionExit
	return w
}

// Word sets the termination word.
func (w *JobWrapper) Word(word string) *JobWrapper {
	w.Spec.TerminationWord = word
	return w
}

// Parallelism sets how many nodes may be working at once.
func (w *JobWrapper) Parallelism(value string) *JobWrapper {
	w.Spec.Parallelism = new(intstr.Parse(value))
	return w
}

// Suspend holds the Job, or lets it go.
func (w *JobWrapper) Suspend(suspend bool) *JobWrapper {
	w.Spec.Suspend = &suspend
	return w
}

// BackoffLimit sets how often a node restarts.
func (w *JobWrapper) BackoffLimit(n int32) *JobWrapper {
	w.Spec.BackoffLimit = &n
	return w
}

// MaxFailedNodes sets how many failed nodes are tolerated.
func (w *JobWrapper) MaxFailedNodes(value string) *JobWrapper {
	w.Spec.MaxFailedNodes = new(intstr.Parse(value))
	return w
}

// OnFailure sets what happens when more fail.
func (w *JobWrapper) OnFailure(action v1beta1.FailureAction) *JobWrapper {
	w.Spec.OnFailure = action
	return w
}

// Deadline sets activeDeadlineSeconds.
func (w *JobWrapper) Deadline(seconds int64) *JobWrapper {
	w.Spec.ActiveDeadlineSeconds = &seconds
	return w
}

// Never makes it stay.
func (w *JobWrapper) Never() *JobWrapper {
	w.Spec.CompletionPolicy = v1beta1.CompletionNever
	return w
}

// TTL sets ttlSecondsAfterFinished.
func (w *JobWrapper) TTL(seconds int32) *JobWrapper {
	w.Spec.TTLSecondsAfterFinished = &seconds
	return w
}

// Status sets the status.
func (w *JobWrapper) Status(status v1beta1.JobStatus) *JobWrapper {
	w.Job.Status = status
	return w
}

// OfCronJob makes the CronJob of a name and a UID control the Job.
func (w *JobWrapper) OfCronJob(name string, uid types.UID) *JobWrapper {
	w.OwnerReferences = []metav1.OwnerReference{{
		APIVersion: v1beta1.GroupVersion.String(), Kind: "CronJob", Name: name, UID: uid, Controller: new(true),
	}}
	return w
}

// Label adds labels.
func (w *JobWrapper) Label(key, value string) *JobWrapper {
	if w.Labels == nil {
		w.Labels = map[string]string{}
	}
	maps.Copy(w.Labels, map[string]string{key: value})
	return w
}

// Annotation adds an annotation.
func (w *JobWrapper) Annotation(key, value string) *JobWrapper {
	if w.Annotations == nil {
		w.Annotations = map[string]string{}
	}
	w.Annotations[key] = value
	return w
}
