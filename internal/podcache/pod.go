package podcache

import (
	"strings"
	"unique"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/cachedmeta"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

var (
	_ cache.TransformFunc = Read
	_ client.Object       = &Pod{}
)

// Pod is what the manager keeps of a pod: what it says about its work. It is the
// only copy: the informer's store and the index share it, and nobody changes it.
type Pod struct {
	cachedmeta.Absent
	plan.Pod
	// Size is how many bytes the API server holds of a large pod, 0 of another one.
	Size int
	// shared holds the strings that this pod has in common with others.
	shared unique.Handle[sharedTexts]
}

// sharedTexts are strings that most pods of a Job have in common. They are stored once.
type sharedTexts struct {
	namespace, job, templateHash, reason, message, log, activity string
	owner                                                        types.UID
}

// Read is a cache transform. It returns what a pod says as a Pod, and other objects unchanged.
func Read(object any) (any, error) {
	if pod, ok := object.(*corev1.Pod); ok {
		return Of(pod), nil
	}
	return object, nil
}

// Of returns what a pod says about its work, in a bounded size. plan.ReadPod bounds what others
// may write, and strings.Clone frees the text that it is a part of.
func Of(pod *corev1.Pod) *Pod {
	p := &Pod{Pod: plan.ReadPod(pod), Size: sizeOf(pod)}
	p.Node, p.Name, p.UID = boundName(p.Node), boundName(p.Name), types.UID(boundName(string(p.UID)))
	p.Output = strings.Clone(p.Output)
	p.shared = unique.Make(sharedTexts{
		namespace: pod.Namespace, job: boundName(pod.Labels[v1beta1.LabelJob]), templateHash: boundName(p.TemplateHash),
		owner: types.UID(boundName(string(p.Owner))), reason: p.Blocker.Reason, message: p.Blocker.Message, log: p.Log, activity: p.Activity,
	})
	texts := p.shared.Value()
	p.TemplateHash, p.Owner, p.Log, p.Activity = texts.templateHash, texts.owner, texts.log, texts.activity
	p.Blocker = plan.Blocker{Reason: texts.reason, Message: texts.message}
	return p
}

// Job returns the name of the Job that the pod's label names, empty if it has none.
func (p *Pod) Job() types.NamespacedName {
	texts := p.shared.Value()
	return types.NamespacedName{Namespace: texts.namespace, Name: texts.job}
}

// GetNamespace implements metav1.Object.
func (p *Pod) GetNamespace() string { return p.shared.Value().namespace }

// GetName implements metav1.Object.
func (p *Pod) GetName() string { return p.Name }

// GetUID implements metav1.Object.
func (p *Pod) GetUID() types.UID { return p.UID }

// GetResourceVersion implements metav1.Object.
func (p *Pod) GetResourceVersion() string { return p.ResourceVersion }

// GetCreationTimestamp implements metav1.Object.
func (p *Pod) GetCreationTimestamp() metav1.Time { return metav1.NewTime(p.Created) }

// GetDeletionTimestamp implements metav1.Object.
func (p *Pod) GetDeletionTimestamp() *metav1.Time {
	if !p.Terminating {
		return nil
	}
	return new(metav1.NewTime(p.DeletionTime))
}

// GetLabels implements metav1.Object. Of the labels, a Pod keeps the Job's name alone.
func (p *Pod) GetLabels() map[string]string {
	return map[string]string{v1beta1.LabelJob: p.shared.Value().job}
}

// DeepCopyObject implements runtime.Object.
func (p *Pod) DeepCopyObject() runtime.Object {
	c := *p
	return &c
}
