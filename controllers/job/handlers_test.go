package job

import (
	"testing"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

func TestDaemonSetChanged(t *testing.T) {
	for name, test := range map[string]struct {
		change  func(*appsv1.DaemonSet)
		matters bool
	}{
		"nothing":              {func(*appsv1.DaemonSet) {}, false},
		"ready pods":           {func(ds *appsv1.DaemonSet) { ds.Status.NumberReady++ }, false},
		"the spec":             {func(ds *appsv1.DaemonSet) { ds.Generation++ }, true},
		"what was observed":    {func(ds *appsv1.DaemonSet) { ds.Status.ObservedGeneration++ }, true},
		"the nodes":            {func(ds *appsv1.DaemonSet) { ds.Status.DesiredNumberScheduled++ }, true},
		"the nodes with a pod": {func(ds *appsv1.DaemonSet) { ds.Status.CurrentNumberScheduled++ }, true},
		"its deletion":         {func(ds *appsv1.DaemonSet) { ds.DeletionTimestamp = new(metav1.Now()) }, true},
		"made again":           {func(ds *appsv1.DaemonSet) { ds.UID = "another" }, true},
		"the applied hash":     {func(ds *appsv1.DaemonSet) { ds.Annotations[v1beta1.AnnotationAppliedHash] = "other" }, true},
	} {
		t.Run(name, func(t *testing.T) {
			before := daemonSetFor(t, theJob().Obj(), 1)
			after := before.DeepCopy()
			test.change(after)
			NewWithT(t).Expect(daemonSetChanged(updated(before, after))).To(Equal(test.matters))
		})
	}
}

// None changes the generation of the Job.
func TestJobChanged(t *testing.T) {
	g := NewWithT(t)
	g.Expect(jobChanged(updated(theJob().Obj(), theJob().Label("a", "b").Obj()))).To(BeFalse())
	g.Expect(jobChanged(updated(theJob().Obj(), theJob().Annotation(v1beta1.AnnotationResume, "1").Obj()))).To(BeTrue())
	deleted := theJob().Obj()
	deleted.DeletionTimestamp = new(metav1.Now())
	g.Expect(jobChanged(updated(theJob().Obj(), deleted))).To(BeTrue())
	// While the watch was interrupted: no event tells of the deletion.
	g.Expect(jobChanged(updated(theJob().UID("u").Obj(), theJob().UID("v").Obj()))).To(BeTrue())
}

func TestWhichJobAnObjectBelongsTo(t *testing.T) {
	aboutObject := func(name string) client.Object {
		return &corev1.Event{ObjectMeta: metav1.ObjectMeta{Namespace: "ns"}, InvolvedObject: corev1.ObjectReference{Namespace: "ns", Name: name}}
	}
	job := types.NamespacedName{Namespace: "ns", Name: "j"}
	g := NewWithT(t)
	name, ok := jobOfEvent(aboutObject("j-daemonset-job"))
	g.Expect(ok).To(BeTrue())
	g.Expect(name).To(Equal(job))
	_, ok = jobOfEvent(aboutObject("j"))
	g.Expect(ok).To(BeFalse(), "another owner's DaemonSet")
	name, ok = jobOfLabels(pod("a"))
	g.Expect(ok).To(BeTrue())
	g.Expect(name).To(Equal(job))
	_, ok = jobOfLabels(&corev1.Pod{})
	g.Expect(ok).To(BeFalse())
}
