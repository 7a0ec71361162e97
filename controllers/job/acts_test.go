package job

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// before lets change happen right before the first request with that verb.
func (c *cluster) before(verb string, change func()) {
	done := false
	c.fault = func(v string, first bool) error {
		if v == verb && first && !done {
			done = true
			change()
		}
		return nil
	}
}

// events returns what was recorded since the last call.
func (c *cluster) events() []string {
	var all []string
	for {
		select {
		case event := <-c.recorder.Events:
			all = append(all, event)
		default:
			return all
		}
	}
}

// verdicts returns how many durations were measured.
func verdicts() uint64 {
	registry := prometheus.NewRegistry()
	registry.MustRegister(duration)
	families, err := registry.Gather()
	if err != nil {
		panic(err)
	}
	var n uint64
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			n += metric.GetHistogram().GetSampleCount()
		}
	}
	return n
}

// A verdict is written before its DaemonSet is deleted and before it is said.
func TestNothingFollowsAStatusThatWasNotWritten(t *testing.T) {
	for name, refusal := range map[string]error{"refused": apierrors.NewInternalError(errors.New("down")), "conflict": nil} {
		t.Run(name, func(t *testing.T) {
			ds := daemonSetFor(t, theJob().Obj(), 1)
			c := newCluster(t, theJob().Obj(), node("a"), ds, podFor(ds, "a", failing))
			c.fault = func(verb string, before bool) error {
				if verb == "Patch" && before {
					j := theJob().Obj()
					c.edit(j, func() { j.Annotations = map[string]string{"changed": "true"} })
					return refusal
				}
				return nil
			}
			measured := verdicts()
			c.g.Expect(c.reconcile() == nil).To(Equal(refusal == nil))
			c.g.Expect(c.get(ds.DeepCopy())).To(BeTrue())
			c.g.Expect(c.events()).To(BeEmpty())
			c.g.Expect(verdicts()).To(Equal(measured))
			c.fault = nil
			c.sync()
			c.must(c.reconcile())
			c.g.Expect(c.get(ds.DeepCopy())).To(BeFalse())
			c.g.Expect(c.events()).To(ContainElement(HavePrefix("Warning Failed ")))
			c.g.Expect(verdicts()).To(Equal(measured + 1))
		})
	}
}

// A Job that is deleted meanwhile needs no status.
func TestAStatusOfADeletedJobIsNoError(t *testing.T) {
	c := newCluster(t, theJob().Obj(), node("a"))
	c.before("Patch", func() { c.must(c.server.Delete(context.Background(), theJob().Obj())) })
	c.must(c.reconcile())
}

func TestAReconcileIsRequeuedWhenThePlanSaysSo(t *testing.T) {
	c := newCluster(t, theJob().Obj(), node("a"), ownedBy(t, func(o *metav1.OwnerReference) { o.Kind = "CronJob" }))
	result, err := c.r.Reconcile(context.Background(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(aJob)})
	c.must(err)
	c.g.Expect(result.RequeueAfter).To(Equal(10 * time.Second))
}

// The cache does not show the gate yet.
func TestATemplateIsGatedOnce(t *testing.T) {
	complete := theJob().TTL(600).Label(v1beta1.LabelExcludeFromBackup, "true").Status(v1beta1.JobStatus{
		Phase: v1beta1.PhaseComplete, ObservedGeneration: 1, Conditions: []metav1.Condition{
			{Type: v1beta1.JobComplete, Status: metav1.ConditionTrue, LastTransitionTime: metav1.NewTime(time.Now())},
		}}).Obj()
	c := newCluster(t, complete, daemonSetFor(t, complete, 1))
	c.must(c.reconcile())
	c.must(c.reconcile())
	c.g.Expect(c.sent["Patch"]).To(Equal(1))
}

// Progress of a few nodes waits, although the cache does not show the last write.
func TestProgressIsWrittenNowAndThen(t *testing.T) {
	ds := daemonSetFor(t, theJob().Obj(), 20)
	objects := []client.Object{theJob().Obj(), ds}
	name := func(i int) string { return fmt.Sprintf("node-%02d", i) }
	for i := range 20 {
		objects = append(objects, node(name(i)), podFor(ds, name(i), nil))
	}
	c := newCluster(t, objects...)
	done := func(i int) {
		pod, ok := podFor(ds, name(i), nil).(*corev1.Pod)
		c.g.Expect(ok && c.get(pod)).To(BeTrue())
		pod.Status.Conditions = []corev1.PodCondition{{Type: v1beta1.PodCompleted, Status: corev1.ConditionTrue}}
		c.must(c.server.Status().Update(context.Background(), pod))
		c.sync()
		c.must(c.reconcile())
	}
	c.must(c.reconcile())
	done(0)
	c.g.Expect(c.status().Completed).To(Equal("0/20"))
	c.clock.Step(5 * time.Second)
	done(1)
	c.g.Expect(c.status().Completed).To(Equal("2/20"))
}

// The finished Job's status and its label are written in one reconcile.
func TestALabelIsAppliedToTheVersionThatTheStatusMade(t *testing.T) {
	failed := theJob().Generation(2).Status(v1beta1.JobStatus{Phase: v1beta1.PhaseFailed, ObservedGeneration: 1, Conditions: []metav1.Condition{
		{Type: v1beta1.JobFailed, Status: metav1.ConditionTrue, LastTransitionTime: metav1.NewTime(time.Now())},
	}}).Obj()
	c := newCluster(t, failed)
	c.must(c.reconcile())
	c.g.Expect(c.get(failed)).To(BeTrue())
	c.g.Expect(failed.Status.ObservedGeneration).To(Equal(int64(2)))
	c.g.Expect(failed.Labels).To(HaveKeyWithValue(v1beta1.LabelExcludeFromBackup, "true"))
}

// The API server writes a verdict, and its answer is lost. The cache shows the status later, in
// an event that enqueues nothing: the DaemonSet would stay, with all that works.
func TestAVerdictWhoseAnswerIsLostIsFollowed(t *testing.T) {
	ds := daemonSetFor(t, theJob().Obj(), 1)
	c := newCluster(t, theJob().Obj(), node("a"), ds, podFor(ds, "a", failing))
	c.fault = func(verb string, before bool) error {
		if verb == "Patch" && !before {
			return errors.New("the answer is lost")
		}
		return nil
	}
	c.g.Expect(c.reconcile()).To(HaveOccurred())
	c.g.Expect(c.status().Phase).To(Equal(v1beta1.PhaseFailed))
	c.fault = nil
	retry := func() ctrl.Result {
		result, err := c.r.Reconcile(context.Background(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(aJob)})
		c.must(err)
		return result
	}
	c.g.Expect(retry().RequeueAfter).To(BeNumerically(">", 0), "the cache does not show the verdict yet")
	c.g.Expect(c.get(ds)).To(BeTrue())
	c.sync()
	retry()
	c.g.Expect(c.get(ds)).To(BeFalse())
}
