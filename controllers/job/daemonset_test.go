package job

import (
	"context"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// ownedBy is the DaemonSet of theJob with another controller.
func ownedBy(t *testing.T, change func(*metav1.OwnerReference)) *appsv1.DaemonSet {
	t.Helper()
	ds := daemonSetFor(t, theJob().Obj(), 1)
	ds.OwnerReferences[0].UID = "other"
	change(&ds.OwnerReferences[0])
	return ds
}

// The DaemonSet of an earlier Job goes by itself. The user must delete any other one.
func TestWhoseDaemonSetHasTheName(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*metav1.OwnerReference)
		reason string
	}{
		"an earlier Job's":         {func(*metav1.OwnerReference) {}, v1beta1.ReasonPredecessorStopping},
		"another Job's":            {func(o *metav1.OwnerReference) { o.Name = "k" }, v1beta1.ReasonDaemonSetNameTaken},
		"another group's Job":      {func(o *metav1.OwnerReference) { o.APIVersion = "batch/v1" }, v1beta1.ReasonDaemonSetNameTaken},
		"another kind's of object": {func(o *metav1.OwnerReference) { o.Kind = "CronJob" }, v1beta1.ReasonDaemonSetNameTaken},
	} {
		t.Run(name, func(t *testing.T) {
			ds := ownedBy(t, test.change)
			c := newCluster(t, theJob().Image("example.com/later:v1").Obj(), node("a"), ds)
			c.must(c.reconcile())
			c.g.Expect(c.status().Blocked).To(Equal(test.reason))
			c.g.Expect(c.sent["Apply"]).To(BeZero())
		})
	}
}

// Another owner's DaemonSet appears between the live read and the apply.
func TestADaemonSetThatWasMadeInTheMeantimeIsNotTakenOver(t *testing.T) {
	c := newCluster(t, theJob().Obj(), node("a"))
	foreign := ownedBy(t, func(o *metav1.OwnerReference) { o.Kind = "CronJob" })
	c.fault = func(verb string, before bool) error {
		if verb == "Apply" && before {
			c.must(c.server.Create(context.Background(), foreign.DeepCopy()))
		}
		return nil
	}
	c.must(c.reconcile())
	c.g.Expect(c.status().Blocked).To(Equal(v1beta1.ReasonDaemonSetNameTaken))
	now := foreign.DeepCopy()
	c.g.Expect(c.get(now)).To(BeTrue())
	c.g.Expect(now.OwnerReferences).To(Equal(foreign.OwnerReferences))
}

// What the API server refuses, only a user can change. The present DaemonSet keeps
// running, and its nodes are counted.
func TestARefusedDaemonSetBlocksTheJob(t *testing.T) {
	kind := schema.GroupKind{Group: "apps", Kind: "DaemonSet"}
	for name, refusal := range map[string]error{
		"invalid":     apierrors.NewInvalid(kind, "x", nil),
		"forbidden":   apierrors.NewForbidden(schema.GroupResource{Resource: "daemonsets"}, "x", nil),
		"bad request": apierrors.NewBadRequest("an admission webhook refused it"),
		"a field that is newer than the API server": &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: 500,
			Message: "failed to create typed patch object (ns/j; apps/v1, Kind=DaemonSet): .spec.template.spec.new: field not declared in schema"}},
	} {
		t.Run(name, func(t *testing.T) {
			ds := daemonSetFor(t, theJob().Obj(), 2)
			c := newCluster(t, theJob().Parallelism("1").Obj(), node("a"), node("b"), ds, podFor(ds, "a", completed), podFor(ds, "b", nil))
			c.fault = func(verb string, _ bool) error {
				if verb == "Apply" {
					return refusal
				}
				return nil
			}
			c.must(c.reconcile())
			c.g.Expect(c.status().Blocked).To(Equal(v1beta1.ReasonDaemonSetRefused))
			c.g.Expect(c.status().Completed).To(Equal("1/2"))
			c.g.Expect(c.status().Active).To(Equal(int32(1)))
		})
	}
}

// The cache still shows the DaemonSet as it was before the last apply.
func TestAnApplyIsNotRepeatedOnAStaleCache(t *testing.T) {
	later := theJob().Image("example.com/later:v1").Generation(2).Obj()
	c := newCluster(t, later, node("a"), daemonSetFor(t, theJob().Obj(), 1))
	c.must(c.reconcile())
	c.g.Expect(c.sent["Apply"]).To(Equal(1))
	c.must(c.reconcile())
	c.g.Expect(c.sent["Apply"]).To(Equal(1))
}

// An admission webhook changes what is applied, and would do so again. What another
// writer changes later is applied again.
func TestAnApplyIsNotRepeatedForWhatAWebhookChanges(t *testing.T) {
	ds := daemonSetFor(t, theJob().Obj(), 1)
	changeImage := func(c *cluster, image string, generations int64) {
		now := ds.DeepCopy()
		c.edit(now, func() {
			now.Spec.Template.Spec.Containers[0].Image = image
			now.Generation += generations
		})
	}
	c := newCluster(t, theJob().Obj(), node("a"))
	c.fault = func(verb string, before bool) error {
		if verb == "Apply" && !before {
			changeImage(c, "mirror.example.com/work:v1", 0)
		}
		return nil
	}
	for range 3 {
		c.must(c.reconcile())
		c.sync()
	}
	c.g.Expect(c.sent["Apply"]).To(Equal(1))

	changeImage(c, "example.com/other:v1", 1)
	c.sync()
	c.must(c.reconcile())
	c.g.Expect(c.sent["Apply"]).To(Equal(2))
}

// A terminating DaemonSet is made again when it is gone.
func TestATerminatingDaemonSetIsNotApplied(t *testing.T) {
	ds := daemonSetFor(t, theJob().Obj(), 1)
	ds.Finalizers = []string{"example.com/keep"}
	c := newCluster(t, theJob().Image("example.com/later:v1").Obj(), node("a"), ds)
	c.must(c.server.Delete(context.Background(), ds.DeepCopy()))
	c.sync()
	c.must(c.reconcile())
	c.g.Expect(c.sent["Apply"]).To(BeZero())
}

// A Job that is finished or deleted starts nothing, and costs no live read.
func TestAJobThatIsOverAppliesNothing(t *testing.T) {
	complete := v1beta1.JobStatus{Phase: v1beta1.PhaseComplete, ObservedGeneration: 1, Conditions: []metav1.Condition{
		{Type: v1beta1.JobComplete, Status: metav1.ConditionTrue, LastTransitionTime: metav1.NewTime(time.Now())},
	}}
	finished := theJob().Parallelism("1").TTL(600).Label(v1beta1.LabelExcludeFromBackup, "true").Status(complete)
	deleted := theJob().Parallelism("1")
	deleted.Finalizers, deleted.DeletionTimestamp = []string{"example.com/keep"}, new(metav1.Now())
	for name, job := range map[string]*wrappers.JobWrapper{"finished": finished, "deleted": deleted} {
		for _, there := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				objects := []client.Object{job.Obj(), node("a")}
				if ds := daemonSetFor(t, job.Obj(), 1); there {
					ds.Spec.Template.Spec.Containers[0].Image = "example.com/earlier:v1"
					objects = append(objects, ds)
				}
				c := newCluster(t, objects...)
				c.must(c.reconcile())
				c.g.Expect(c.sent).To(BeEmpty())
			})
		}
	}
}

// A refusal stands in an event of the DaemonSet controller, and is over once a later
// pod was made.
func TestRefusedPodsBlockTheJobUntilAPodIsMade(t *testing.T) {
	start := time.Now().Truncate(time.Second)
	ds := daemonSetFor(t, theJob().Obj(), 2)
	refusal := func(name string, seconds int, message string) *corev1.Event {
		return &corev1.Event{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name}, Message: message,
			InvolvedObject: corev1.ObjectReference{UID: ds.UID}, LastTimestamp: metav1.NewTime(start.Add(time.Duration(seconds) * time.Second))}
	}
	made := func(seconds int64) func(*wrappers.PodWrapper) {
		return func(w *wrappers.PodWrapper) { w.Created(start.Unix() + seconds) }
	}
	elsewhere := refusal("elsewhere", 9, "not about this DaemonSet")
	elsewhere.InvolvedObject.UID = "other"
	for name, test := range map[string]struct {
		pod             int64
		reason, message string
	}{
		"no pod was made since": {0, v1beta1.ReasonPodsRefused, "exceeded quota: pods"},
		"a pod was made since":  {8, v1beta1.ReasonNotBlocked, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, theJob().Obj(), node("a"), node("b"), ds.DeepCopy(), podFor(ds, "a", made(test.pod)), elsewhere.DeepCopy(),
				refusal("1", 5, "exceeded quota: old"), refusal("2", 7, "exceeded quota: pods"), refusal("3", 6, "exceeded quota: older"))
			c.must(c.reconcile())
			blocked := conditionOf(c.status(), v1beta1.JobBlocked)
			c.g.Expect(blocked.Reason).To(Equal(test.reason))
			c.g.Expect(blocked.Message).To(ContainSubstring(test.message))
		})
	}
}

func conditionOf(status v1beta1.JobStatus, conditionType string) metav1.Condition {
	for _, condition := range status.Conditions {
		if condition.Type == conditionType {
			return condition
		}
	}
	return metav1.Condition{}
}
