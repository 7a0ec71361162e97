package job

import (
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// huge is what a user writes wherever the API server has no bound.
var huge = strings.Repeat("x\n", 1e5)

func hugeMeta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name: name, Namespace: "ns", UID: "u", ResourceVersion: "5", Labels: map[string]string{"other": huge},
		Annotations: map[string]string{"other": huge}, Finalizers: []string{huge}, ManagedFields: []metav1.ManagedFieldsEntry{{Manager: huge}},
	}
}

func TestAHostileEventIsSmall(t *testing.T) {
	at := metav1.NewTime(time.Unix(1e9, 0))
	event := func(namespace, name string, uid types.UID) *corev1.Event {
		return &corev1.Event{
			ObjectMeta: hugeMeta("e"), Message: "quota" + huge, Reason: "FailedCreate", LastTimestamp: at, Action: huge,
			ReportingInstance: huge, Source: corev1.EventSource{Component: "daemonset-controller", Host: huge},
			InvolvedObject: corev1.ObjectReference{Kind: "DaemonSet", Namespace: namespace, Name: name, UID: uid, FieldPath: huge, APIVersion: huge},
		}
	}
	for name, test := range map[string]struct {
		event *corev1.Event
		of    string
	}{
		"of a Job":               {event("ns", v1beta1.DaemonSetName("j"), "ds"), "ns/j"},
		"from elsewhere":         {event("other", v1beta1.DaemonSetName("j"), "ds"), ""},
		"of no name that fits":   {event("ns", huge+v1beta1.DaemonSetSuffix, "ds"), ""},
		"of no UID that fits":    {event("ns", v1beta1.DaemonSetName("j"), types.UID(huge)), ""},
		"of another's DaemonSet": {event("ns", "fluentd", "ds"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			kept, err := stripEvent(test.event)
			g.Expect(err).NotTo(HaveOccurred())
			stripped := kept.(*corev1.Event)
			g.Expect(stripped.Size()).To(BeNumerically("<", 2048))
			again, err := stripEvent(stripped.DeepCopy())
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(again).To(Equal(stripped))
			job, ok := jobOfEvent(stripped)
			g.Expect(ok).To(Equal(test.of != ""))
			if ok {
				g.Expect(job.String()).To(Equal(test.of))
				g.Expect(stripped.Message).To(HavePrefix("quota"))
				g.Expect(stripped.LastTimestamp).To(Equal(at))
				g.Expect(stripped.InvolvedObject.UID).To(Equal(types.UID("ds")))
			}
		})
	}
}

func TestAStrippedDaemonSetIsCompared(t *testing.T) {
	g := NewWithT(t)
	desired, err := daemonset.Desired(wrappers.Job("ns", "j").UID("j-uid").Obj(), "h1", daemonset.Pause{Image: "pause:v1"})
	g.Expect(err).NotTo(HaveOccurred())
	ds := desired.DeepCopy()
	ds.Labels["other"], ds.Annotations["other"] = huge, huge
	ds.ManagedFields, ds.Finalizers = []metav1.ManagedFieldsEntry{{Manager: huge}}, []string{huge}
	ds.OwnerReferences = append([]metav1.OwnerReference{{Kind: huge, Name: huge}}, ds.OwnerReferences...)
	// The longest names that a namespace and two Deployments can have.
	ds.Annotations[v1beta1.AnnotationInstallation] = strings.Repeat("n", 63) + "/" + strings.Repeat("d", 253)
	ds.Annotations[v1beta1.AnnotationAskedBy] = strings.Repeat("m", 63) + "/" + strings.Repeat("d", 253)
	ds.Generation = 3
	ds.Status = appsv1.DaemonSetStatus{ObservedGeneration: 3, DesiredNumberScheduled: 2, CurrentNumberScheduled: 1,
		Conditions: []appsv1.DaemonSetCondition{{Message: huge}}}
	kept, err := stripDaemonSet(ds)
	g.Expect(err).NotTo(HaveOccurred())
	stripped := kept.(*appsv1.DaemonSet)
	g.Expect(stripped.Size()).To(BeNumerically("<", 4096))
	g.Expect(daemonset.NeedsApply(stripped, desired)).To(BeFalse())
	g.Expect(daemonset.Observed(stripped)).To(BeTrue())
	g.Expect(daemonset.OwnershipOf(stripped)).To(Equal(daemonset.OwnershipOf(ds)), "another installation's Job is left to it")
	g.Expect(metav1.IsControlledBy(stripped, &metav1.ObjectMeta{UID: "j-uid"})).To(BeTrue())
	again, err := stripDaemonSet(stripped.DeepCopy())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(again).To(Equal(stripped))

	stripped.Spec.Template.Spec.Containers[0].Image = "other"
	g.Expect(daemonset.NeedsApply(stripped, desired)).To(BeTrue())
}

func TestAForeignDaemonSetIsSmall(t *testing.T) {
	g := NewWithT(t)
	ds := &appsv1.DaemonSet{ObjectMeta: hugeMeta("j-daemonset-job")}
	ds.OwnerReferences = []metav1.OwnerReference{{Kind: "Chart\n" + huge, Name: "c", UID: types.UID(huge), Controller: new(true)}}
	ds.Spec.Template.Spec.Containers = []corev1.Container{{Image: huge}}
	kept, err := stripDaemonSet(ds)
	g.Expect(err).NotTo(HaveOccurred())
	stripped := kept.(*appsv1.DaemonSet)
	g.Expect(stripped.Size()).To(BeNumerically("<", 4096))
	g.Expect(ownerOf(stripped)).To(ContainSubstring(`Chart\n`))
}

func TestAHostileJobRecordIsSmall(t *testing.T) {
	g := NewWithT(t)
	record := recordMetadata()
	record.ObjectMeta = hugeMeta("j-u-0")
	record.Labels[v1beta1.LabelJob], record.Labels[v1beta1.LabelJobUID], record.Labels[v1beta1.LabelDaemonSetJob] = "j", "u", "true"
	record.OwnerReferences = []metav1.OwnerReference{{UID: "u", Name: huge}, {UID: types.UID(huge), Controller: new(true)}}
	kept, err := stripRecord(record)
	g.Expect(err).NotTo(HaveOccurred())
	stripped := kept.(*metav1.PartialObjectMetadata)
	g.Expect(stripped.Size()).To(BeNumerically("<", 2048))
	g.Expect(stripped.GroupVersionKind()).To(Equal(v1beta1.GroupVersion.WithKind("JobRecord")))
	g.Expect(recordedJobOf(stripped)).To(Equal(recordedJobOf(record)))
	g.Expect(stripped.ResourceVersion).To(Equal("5"))
	g.Expect(metav1.GetControllerOf(stripped)).NotTo(BeNil(), "garbage collection takes it")

	record.OwnerReferences = nil
	kept, err = stripRecord(record)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(metav1.GetControllerOf(kept.(*metav1.PartialObjectMetadata))).To(BeNil(), "it is retained")
}

// The readiness probe makes an informer of each kind in CacheByObject.
func TestTheCacheHoldsNoWholeJobRecord(t *testing.T) {
	g, found := NewWithT(t), 0
	for kind := range CacheByObject() {
		g.Expect(kind).NotTo(BeAssignableToTypeOf(&v1beta1.JobRecord{}))
		if metadata, ok := kind.(*metav1.PartialObjectMetadata); ok && metadata.Kind == "JobRecord" {
			found++
		}
	}
	g.Expect(found).To(Equal(1))
}
