package testing

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// PodWrapper makes the pod of a Job on a node, as the DaemonSet controller and
// the kubelet would.
type PodWrapper struct{ corev1.Pod }

// Pod is the running pod of a Job in Log mode on a node.
func Pod(job *v1beta1.Job, node, hash string) *PodWrapper {
	w := &PodWrapper{corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: job.Namespace,
			Name:      fmt.Sprintf("%s-%s", v1beta1.DaemonSetName(job.Name), node),
			UID:       types.UID(node + "-" + hash),
			Labels:    v1beta1.PodLabels(job.Name),
		},
		Spec: corev1.PodSpec{
			NodeName:       node,
			ReadinessGates: []corev1.PodReadinessGate{{ConditionType: v1beta1.PodCompleted}},
			Containers:     []corev1.Container{{Name: v1beta1.ContainerName, Image: "example.com/work:v1"}},
		},
		Status: corev1.PodStatus{
			Phase: corev1.PodRunning,
			ContainerStatuses: []corev1.ContainerStatus{{
				Name:  v1beta1.ContainerName,
				State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}},
			}},
		},
	}}
	w.Labels[v1beta1.LabelTemplateHash] = hash
	return w
}

// Obj is the pod made so far.
func (w *PodWrapper) Obj() *corev1.Pod { return w.DeepCopy() }

// Exit makes it a pod in Exit mode with these work containers, which are running or to run.
func (w *PodWrapper) Exit(containers ...string) *PodWrapper {
	w.Spec.ReadinessGates = nil
	w.Spec.Containers = []corev1.Container{{Name: v1beta1.PauseContainerName}}
	w.Status.ContainerStatuses = []corev1.ContainerStatus{{
		Name: v1beta1.PauseContainerName, State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "PodInitializing"}},
	}}
	for _, name := range containers {
		w.Spec.InitContainers = append(w.Spec.InitContainers, corev1.Container{Name: name})
		w.Status.InitContainerStatuses = append(w.Status.InitContainerStatuses, corev1.ContainerStatus{
			Name: name, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}},
		})
	}
	return w
}

// Sidecar adds a sidecar that restarted so often.
func (w *PodWrapper) Sidecar(name string, restarts int32) *PodWrapper {
	w.Spec.InitContainers = append(w.Spec.InitContainers, corev1.Container{
		Name: name, RestartPolicy: new(corev1.ContainerRestartPolicyAlways),
	})
	w.Status.InitContainerStatuses = append(w.Status.InitContainerStatuses, corev1.ContainerStatus{
		Name: name, RestartCount: restarts, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}},
	})
	return w
}

// Completed marks the pod as the terminator does.
func (w *PodWrapper) Completed() *PodWrapper {
	w.Pod.Status.Conditions = append(w.Pod.Status.Conditions, corev1.PodCondition{Type: v1beta1.PodCompleted, Status: corev1.ConditionTrue})
	return w
}

// Ended sets how a container ended, for good.
func (w *PodWrapper) Ended(name string, exitCode int32) *PodWrapper {
	status := w.container(name)
	status.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: exitCode}}
	return w
}

// Restarted sets how often a container restarted, and how it ended last.
func (w *PodWrapper) Restarted(name string, times, exitCode int32, log string) *PodWrapper {
	status := w.container(name)
	status.RestartCount = times
	status.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: exitCode, Message: log}
	return w
}

// Waiting sets why a container does not run.
func (w *PodWrapper) Waiting(name, reason, message string) *PodWrapper {
	w.container(name).State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
	w.Pod.Status.Phase = corev1.PodPending
	return w
}

// Unschedulable makes it a pod that the scheduler found no place for.
func (w *PodWrapper) Unschedulable(message string) *PodWrapper {
	w.unscheduled()
	w.Pod.Status.Conditions = append(w.Pod.Status.Conditions, corev1.PodCondition{
		Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, Message: message,
	})
	return w
}

// Gated closes the pod's gate.
func (w *PodWrapper) Gated() *PodWrapper {
	w.unscheduled()
	w.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: v1beta1.SchedulingGate}}
	return w
}

// Terminating makes it a pod that is being deleted.
func (w *PodWrapper) Terminating() *PodWrapper {
	w.DeletionTimestamp = new(metav1.NewTime(time.Unix(1, 0)))
	return w
}

// Created sets when it was made, in seconds.
func (w *PodWrapper) Created(second int64) *PodWrapper {
	w.CreationTimestamp = metav1.NewTime(time.Unix(second, 0))
	return w
}

// Evicted ends the pod from outside.
func (w *PodWrapper) Evicted() *PodWrapper {
	w.Pod.Status.Phase, w.Pod.Status.Reason, w.Pod.Status.Message = corev1.PodFailed, "Evicted", "the node was low on memory"
	return w
}

// ContainersReady sets the condition of the containers.
func (w *PodWrapper) ContainersReady() *PodWrapper {
	w.Pod.Status.Conditions = append(w.Pod.Status.Conditions, corev1.PodCondition{Type: corev1.ContainersReady, Status: corev1.ConditionTrue})
	return w
}

// unscheduled takes the pod off its node, which its affinity still names.
func (w *PodWrapper) unscheduled() {
	name := w.Spec.NodeName
	w.Spec.NodeName = ""
	w.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
		RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
			MatchFields: []corev1.NodeSelectorRequirement{{
				Key: metav1.ObjectNameField, Operator: corev1.NodeSelectorOpIn, Values: []string{name},
			}},
		}}},
	}}
	w.Pod.Status.Phase = corev1.PodPending
	w.Pod.Status.ContainerStatuses, w.Pod.Status.InitContainerStatuses = nil, nil
}

func (w *PodWrapper) container(name string) *corev1.ContainerStatus {
	for _, statuses := range [][]corev1.ContainerStatus{w.Pod.Status.InitContainerStatuses, w.Pod.Status.ContainerStatuses} {
		for i := range statuses {
			if statuses[i].Name == name {
				return &statuses[i]
			}
		}
	}
	panic("no container is called " + name)
}

// Label adds a label.
func (w *PodWrapper) Label(key, value string) *PodWrapper {
	w.Labels[key] = value
	return w
}

// Asks makes it a pod that asks for so many bytes of its output.
func (w *PodWrapper) Asks(bytes int) *PodWrapper {
	if w.Annotations == nil {
		w.Annotations = map[string]string{}
	}
	w.Annotations[v1beta1.AnnotationOutputBytes] = fmt.Sprint(bytes)
	return w
}

// Logged marks the pod as the terminator does when the container logged more after the word.
func (w *PodWrapper) Logged(output string) *PodWrapper {
	w.Pod.Status.Conditions = append(w.Pod.Status.Conditions, corev1.PodCondition{
		Type: v1beta1.PodCompleted, Status: corev1.ConditionTrue, Reason: v1beta1.ReasonOutputLogged, Message: output,
	})
	return w
}

// Printed ends a container with code 0 and this termination message.
func (w *PodWrapper) Printed(name, output string) *PodWrapper {
	w.Ended(name, 0)
	w.container(name).State.Terminated.Message = output
	return w
}
