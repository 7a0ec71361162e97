package testing

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/randfill"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// meanings are strings on which decisions rest. Random ones would seldom get past the first.
var meanings = []string{
	"", "j", "node-1", "node-2", "h1", "uid", "true", "False", "Running", "Failed", "Succeeded", "Always", "OnFailure", "Never", "Fail", "Suspend",
	"OOMKilled", "Error", "Completed", "Evicted", "ErrImagePull", "ImagePullBackOff", "CreateContainerConfigError", "CrashLoopBackOff", "SchedulingGated",
	"Unschedulable", "test://1", "In", "NotIn", "metadata.name", "kubernetes.io/hostname", "50%", "100%", "-1", "a\x1b[31m\nb", "word \u2028 é",
	string(corev1.PodScheduled), string(corev1.PodInitialized), string(corev1.PodReadyToStartContainers), string(corev1.DisruptionTarget),
	string(corev1.TerminationMessageReadFile), string(v1beta1.PodCompleted), string(v1beta1.CompletionLog), string(v1beta1.CompletionExit),
	string(v1beta1.JobComplete), string(v1beta1.JobFailed), string(v1beta1.JobSuspended),
	v1beta1.ContainerName, v1beta1.SchedulingGate, v1beta1.LabelJob, v1beta1.LabelDaemonSetJob, v1beta1.LabelTemplateHash, v1beta1.LabelCompletionMode,
}

// pick fills a string of a type of its own with a meaning.
func pick[T ~string](s *T, c randfill.Continue) { *s = T(meanings[c.Intn(len(meanings))]) }

// Fill fills the object that obj points to with what data says, always in the same way. All
// strings are valid UTF-8 and all times whole seconds, as those that the API server sends.
func Fill(data []byte, obj any) {
	randfill.NewFromGoFuzz(data).NilChance(0.5).NumElements(0, 3).MaxDepth(12).Funcs(
		func(s *string, c randfill.Continue) {
			if *s = meanings[c.Intn(len(meanings))]; c.Intn(8) == 0 {
				*s = c.String(20)
			}
		},
		pick[types.UID], pick[corev1.PodPhase], pick[corev1.PodConditionType], pick[corev1.ConditionStatus], pick[metav1.ConditionStatus],
		pick[corev1.RestartPolicy], pick[corev1.ContainerRestartPolicy], pick[corev1.NodeSelectorOperator], pick[corev1.NodeConditionType],
		pick[v1beta1.CompletionMode], pick[v1beta1.CompletionPolicy], pick[v1beta1.FailureAction], pick[v1beta1.JobPhase],
		func(t *metav1.Time, c randfill.Continue) { t.Time = time.Unix(int64(c.Intn(1000)), 0) },
		func(t *metav1.MicroTime, c randfill.Continue) { t.Time = time.Unix(int64(c.Intn(1000)), 0) },
		func(f *metav1.FieldsV1, _ randfill.Continue) { f.SetRawString("{}") },
		func(q *resource.Quantity, c randfill.Continue) {
			*q = *resource.NewMilliQuantity(c.Int63n(1<<40), resource.DecimalSI)
		},
		func(v *intstr.IntOrString, c randfill.Continue) {
			if *v = intstr.FromInt32(c.Int31n(5) - 1); c.Bool() {
				*v = intstr.FromString(meanings[c.Intn(len(meanings))])
			}
		},
	).Fill(obj)
}
