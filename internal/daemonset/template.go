package daemonset

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// podTemplate returns the pod that the Job runs on each node, without the gate.
func podTemplate(job *v1beta1.Job, hash string, pause Pause) corev1.PodTemplateSpec {
	template := LongForm(&job.Spec)
	if template.Labels == nil {
		template.Labels = map[string]string{}
	}
	maps.Copy(template.Labels, v1beta1.PodLabels(job.Name))
	template.Labels[v1beta1.LabelTemplateHash] = hash
	template.Labels[v1beta1.LabelCompletionMode] = string(cmp.Or(job.Spec.CompletionMode, v1beta1.CompletionLog))

	if bytes := job.Spec.Results.OutputBytes(); bytes > 0 {
		if template.Annotations == nil {
			template.Annotations = map[string]string{}
		}
		template.Annotations[v1beta1.AnnotationOutputBytes] = strconv.Itoa(bytes)
	}

	pod := &template.Spec
	for _, containers := range [][]corev1.Container{pod.InitContainers, pod.Containers} {
		for i := range containers {
			// The kubelet then puts the last lines of a failed container into its status.
			if containers[i].TerminationMessagePolicy == "" {
				containers[i].TerminationMessagePolicy = corev1.TerminationMessageFallbackToLogsOnError
			}
		}
	}
	if job.Spec.CompletionMode == v1beta1.CompletionExit {
		pod.InitContainers = append(pod.InitContainers, pod.Containers...)
		pod.Containers = []corev1.Container{pauseContainer(pause, pod.TerminationGracePeriodSeconds)}
		return template
	}
	completed := corev1.PodReadinessGate{ConditionType: v1beta1.PodCompleted}
	if !slices.Contains(pod.ReadinessGates, completed) {
		pod.ReadinessGates = append(pod.ReadinessGates, completed)
	}
	return template
}

// LongForm returns the long form as it is, or the short form as a pod template.
func LongForm(spec *v1beta1.JobSpec) corev1.PodTemplateSpec {
	if spec.Template != nil {
		return *spec.Template.DeepCopy()
	}
	container := corev1.Container{
		Name:    v1beta1.ContainerName,
		Image:   spec.Image,
		Command: slices.Clone(spec.Command),
		Args:    slices.Clone(spec.Args),
	}
	// NODE_NAME comes first: the kubelet expands $(NODE_NAME) only in later variables.
	container.Env = []corev1.EnvVar{{
		Name:      v1beta1.NodeNameEnv,
		ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "spec.nodeName"}},
	}}
	for _, env := range spec.Env {
		if env.Name != v1beta1.NodeNameEnv {
			container.Env = append(container.Env, *env.DeepCopy())
		}
	}
	pod := corev1.PodSpec{AutomountServiceAccountToken: new(false), Affinity: realNodes(), NodeSelector: maps.Clone(spec.NodeSelector)}
	for i := range spec.Tolerations {
		pod.Tolerations = append(pod.Tolerations, *spec.Tolerations[i].DeepCopy())
	}
	if spec.MountPath != "" {
		container.VolumeMounts = []corev1.VolumeMount{{Name: v1beta1.HostVolumeName, MountPath: v1beta1.HostMountPath}}
		pod.Volumes = []corev1.Volume{{
			Name:         v1beta1.HostVolumeName,
			VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: spec.MountPath}},
		}}
	}
	pod.Containers = []corev1.Container{container}
	return corev1.PodTemplateSpec{Spec: pod}
}

// realNodes returns an affinity that keeps off virtual nodes, on which no pod of a
// DaemonSet ever runs.
func realNodes() *corev1.Affinity {
	return &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
		RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
			NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchExpressions: realNodeRequirements()}},
		},
	}}
}

// realNodeRequirements returns what nodes have that are not virtual.
func realNodeRequirements() []corev1.NodeSelectorRequirement {
	notIn := func(key, value string) corev1.NodeSelectorRequirement {
		return corev1.NodeSelectorRequirement{Key: key, Operator: corev1.NodeSelectorOpNotIn, Values: []string{value}}
	}
	return []corev1.NodeSelectorRequirement{notIn("type", "virtual-kubelet"), notIn("eks.amazonaws.com/compute-type", "fargate")}
}

// pauseContainer returns the container that keeps running when the work has ended,
// as the pods of a DaemonSet must. It meets the restricted Pod Security level, and
// it names resources, because a ResourceQuota may require that of each container. gracePeriod
// is the pod's termination grace period, nil for the default.
func pauseContainer(pause Pause, gracePeriod *int64) corev1.Container {
	return corev1.Container{
		Name:      v1beta1.PauseContainerName,
		Image:     pause.Image,
		Resources: pause.Resources,
		Lifecycle: delayedStop(gracePeriod),
		SecurityContext: &corev1.SecurityContext{
			RunAsNonRoot:             new(true),
			RunAsUser:                new(int64(65535)),
			ReadOnlyRootFilesystem:   new(true),
			AllowPrivilegeEscalation: new(false),
			Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
			SeccompProfile:           &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
	}
}

// delayedStop returns a preStop hook that delays SIGTERM by a second, nil if the pod's grace
// period is shorter: the API server refuses the hook then.
//
// A complete Job is deleted while the kubelet starts the pause container. The kernel drops a
// SIGTERM for which the first process of a container has no handler yet, and the pod would
// then stay until its grace period ends.
func delayedStop(gracePeriod *int64) *corev1.Lifecycle {
	if gracePeriod != nil && *gracePeriod < 1 {
		return nil
	}
	return &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: 1}}}
}
