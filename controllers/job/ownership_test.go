package job

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

const me, you = "ns/me", "ns/you"

// installedBy is the DaemonSet of a Job that an installation runs, and another one asks for.
func installedBy(t *testing.T, j *v1beta1.Job, owner, asker string) *appsv1.DaemonSet {
	t.Helper()
	ds := daemonSetFor(t, j, 1)
	for annotation, value := range map[string]string{v1beta1.AnnotationInstallation: owner, v1beta1.AnnotationAskedBy: asker} {
		if value != "" {
			ds.Annotations[annotation] = value
		}
	}
	return ds
}

// named lets the cluster's manager be me, and returns the verbs of the writes that it
// sends, whether they succeed or not.
func (c *cluster) named() *[]string {
	c.r.options.Installation = me
	writes := &[]string{}
	c.fault = func(verb string, before bool) error {
		if before && verb != "Get" && verb != "List" {
			*writes = append(*writes, verb)
		}
		return nil
	}
	return writes
}

// ownership returns what the DaemonSet says.
func (c *cluster) ownership() daemonset.Ownership {
	ds := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: v1beta1.DaemonSetName("j")}}
	c.g.Expect(c.get(ds)).To(BeTrue())
	return daemonset.OwnershipOf(ds)
}

// after lets time pass, syncs the cache, and reconciles.
func (c *cluster) after(wait time.Duration) ctrl.Result {
	c.clock.Step(wait)
	c.sync()
	result, err := c.r.Reconcile(context.Background(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(aJob)})
	c.must(err)
	return result
}

// jobsWithWork are Jobs for which an installation without others would write at once.
func jobsWithWork(t *testing.T) map[string][]client.Object {
	t.Helper()
	objects := func(w *wrappers.JobWrapper, pod func(*wrappers.PodWrapper), change ...func(*appsv1.DaemonSet)) []client.Object {
		ds := installedBy(t, w.Obj(), you, "")
		made := podFor(ds, "a", pod)
		for _, change := range change {
			change(ds)
		}
		return []client.Object{w.Obj(), node("a"), ds, made}
	}
	verdict := func(condition string, phase v1beta1.JobPhase) *wrappers.JobWrapper {
		return theJob().TTL(600).Status(v1beta1.JobStatus{Phase: phase, ObservedGeneration: 1, Conditions: []metav1.Condition{
			{Type: condition, Status: metav1.ConditionTrue, LastTransitionTime: metav1.NewTime(time.Now().Add(-time.Minute))},
		}})
	}
	none := func(*wrappers.PodWrapper) {}
	return map[string][]client.Object{
		"its status is due":            objects(theJob(), none),
		"its verdict is due":           objects(theJob(), completed),
		"it failed":                    objects(theJob().BackoffLimit(0), failing),
		"a pod is gated":               objects(theJob().Parallelism("1"), func(w *wrappers.PodWrapper) { w.Gated() }),
		"a pod is of another template": objects(theJob(), func(w *wrappers.PodWrapper) { w.Label(v1beta1.LabelTemplateHash, "old") }),
		"its DaemonSet differs": objects(theJob(), none, func(ds *appsv1.DaemonSet) {
			ds.Spec.Template.Spec.Containers[0].Image = "example.com/theirs:v1"
			ds.Annotations[v1beta1.AnnotationAppliedHash] = "theirs"
		}),
		"it is Complete": objects(verdict(v1beta1.JobComplete, v1beta1.PhaseComplete), completed),
		"it is Failed":   objects(verdict(v1beta1.JobFailed, v1beta1.PhaseFailed), failing),
	}
}

func TestNothingIsWrittenForAnothersJob(t *testing.T) {
	for name, objects := range jobsWithWork(t) {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, objects...)
			writes := c.named()
			for range 29 {
				c.g.Expect(c.after(time.Second).RequeueAfter).To(BeNumerically(">", 0))
			}
			c.g.Expect(*writes).To(BeEmpty())
			c.g.Expect(c.events()).To(HaveExactElements(And(HavePrefix("Warning OtherInstallation"), ContainSubstring(you), ContainSubstring(me))))
			c.restart()
			writes = c.named()
			c.after(0)
			c.g.Expect(c.after(20 * time.Second).RequeueAfter).To(Equal(10 * time.Second))
			c.g.Expect(*writes).To(BeEmpty(), "after a restart it observes as long as before")
			c.after(10 * time.Second)
			c.g.Expect(*writes).To(HaveExactElements("Patch"))
			c.g.Expect(c.ownership()).To(Equal(daemonset.Ownership{Owner: you, Asker: me}))

			// A cluster in which the manager knows no others shows that each of them has work.
			alone := newCluster(t, objects...)
			writes = alone.named()
			alone.r.options.Installation = ""
			alone.after(0)
			alone.g.Expect(*writes).NotTo(BeEmpty())
		})
	}
}

func TestAnInstallationThatIsGoneIsReplaced(t *testing.T) {
	for name, objects := range jobsWithWork(t) {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, objects...)
			writes := c.named()
			c.after(0)
			c.after(30 * time.Second)
			c.g.Expect(*writes).To(HaveLen(1))
			c.g.Expect(c.after(29 * time.Second).RequeueAfter).To(Equal(time.Second))
			c.g.Expect(*writes).To(HaveLen(1))
			c.after(time.Second)
			c.g.Expect(len(*writes)).To(BeNumerically(">", 2), "it takes over, and does what is due")
			if ds := objects[2]; c.get(ds) {
				c.g.Expect(c.ownership()).To(Equal(daemonset.Ownership{Owner: me}))
			}
			c.g.Expect(c.events()).To(ContainElement(HavePrefix("Normal TookOver")))
		})
	}
}

// The owner answers, or writes, after the other's cache was synced.
func TestAnAnswerInTheMeantimeWins(t *testing.T) {
	j := theJob().Obj()
	c := newCluster(t, j, node("a"), installedBy(t, j, you, ""), podFor(daemonSetFor(t, j, 1), "a", nil))
	c.named()
	c.after(0)
	c.after(30 * time.Second)
	ds := installedBy(t, j, you, "")
	c.sync()
	c.edit(ds, func() { delete(ds.Annotations, v1beta1.AnnotationAskedBy) })
	c.clock.Step(time.Minute)
	c.must(c.reconcile())
	c.g.Expect(c.ownership()).To(Equal(daemonset.Ownership{Owner: you}))
	c.g.Expect(c.after(0).RequeueAfter).To(Equal(30 * time.Second))
	c.g.Expect(c.status().Phase).To(BeEmpty())
}

func TestTheOwnerAnswersAndGoesOn(t *testing.T) {
	j := gatedJob().Obj()
	c := newCluster(t, j, node("a"), installedBy(t, j, me, you), podFor(daemonSetFor(t, j, 1), "a", nil))
	writes := c.named()
	c.after(0)
	c.g.Expect(c.ownership()).To(Equal(daemonset.Ownership{Owner: me}))
	c.g.Expect(*writes).To(HaveExactElements("Patch", "Patch"), "the answer and the status")
	c.g.Expect(c.status().Phase).To(Equal(v1beta1.PhaseRunning))
	c.after(time.Hour)
	c.g.Expect(*writes).To(HaveLen(2), "nothing is written while no other one asks")
}

// The question is old: the one who asked is the owner by now, and the cache is stale.
func TestAnAnswerThatIsTooLateWritesNothingMore(t *testing.T) {
	j := theJob().Obj()
	ds := installedBy(t, j, me, you)
	c := newCluster(t, j, node("a"), ds, podFor(ds, "a", nil))
	writes := c.named()
	c.edit(ds, func() { ds.Annotations = installedBy(t, j, you, "").Annotations })
	c.must(c.reconcile())
	c.g.Expect(*writes).To(HaveExactElements("Patch"))
	c.g.Expect(c.ownership()).To(Equal(daemonset.Ownership{Owner: you}))
	c.g.Expect(c.status().Phase).To(BeEmpty())
}

// The cache shows the Job's end, and the API server that another one runs it by now.
func TestNoVerdictOnAnothersJob(t *testing.T) {
	j := theJob().Obj()
	ds := installedBy(t, j, me, "")
	c := newCluster(t, j, node("a"), ds, podFor(ds, "a", completed))
	writes := c.named()
	c.edit(ds, func() { ds.Annotations[v1beta1.AnnotationInstallation] = you })
	c.must(c.reconcile())
	c.g.Expect(*writes).To(BeEmpty())
}

// While the other one ran the Job it ungated pods that this process does not expect.
func TestExpectationsAreUnknownAfterAnother(t *testing.T) {
	j := theJob().Parallelism("1").Obj()
	ds := installedBy(t, j, you, "")
	c := newCluster(t, j, node("a"), ds, podFor(ds, "a", nil))
	c.named()
	state := c.r.states.of(client.ObjectKeyFromObject(j), j.UID)
	state.expectations.Confirm(nil, nil)
	state.recordFailure(errors.New("an earlier one"), c.clock.Now())
	c.g.Expect(state.expectations.Known()).To(BeTrue())
	c.after(0)
	c.g.Expect(state.expectations.Known()).To(BeFalse())
	c.g.Expect(state.failure).To(Succeed())
}

// The cache does not show the question yet: it must not be asked again.
func TestItRemembersItsQuestion(t *testing.T) {
	j := theJob().Obj()
	c := newCluster(t, j, node("a"), installedBy(t, j, you, ""))
	c.named()
	c.after(0)
	c.after(30 * time.Second)
	c.clock.Step(30 * time.Second)
	c.must(c.reconcile())
	c.g.Expect(c.ownership()).To(Equal(daemonset.Ownership{Owner: me}))
}

func TestADaemonSetThatIsMadeAgainIsObservedAgain(t *testing.T) {
	j := theJob().Obj()
	before := installedBy(t, j, you, "")
	c := newCluster(t, j, node("a"), before)
	writes := c.named()
	c.after(0)
	again := before.DeepCopy()
	again.UID = "again"
	c.replace(before, again)
	c.g.Expect(c.after(30 * time.Second).RequeueAfter).To(Equal(30 * time.Second))
	c.g.Expect(*writes).To(BeEmpty())
}

func TestATerminatingDaemonSetIsNotAskedFor(t *testing.T) {
	j := theJob().Obj()
	ds := installedBy(t, j, you, "")
	ds.Finalizers = []string{"example.com/kept"}
	c := newCluster(t, j, node("a"), ds)
	c.must(c.server.Delete(context.Background(), ds.DeepCopy()))
	writes := c.named()
	c.after(0)
	c.after(time.Hour)
	c.g.Expect(*writes).To(BeEmpty())
}

// Each change of the owner is said once.
func TestItSaysAgainThatAnotherRunsTheJob(t *testing.T) {
	j := theJob().Obj()
	c := newCluster(t, j, node("a"), installedBy(t, j, you, ""))
	c.named()
	said := 0
	for _, owner := range []string{you, you, me, you, "ns/they"} {
		ds := installedBy(t, j, you, "")
		c.edit(ds, func() { ds.Annotations[v1beta1.AnnotationInstallation] = owner })
		c.after(time.Second)
		for _, event := range c.events() {
			if strings.Contains(event, "OtherInstallation") {
				said++
			}
		}
	}
	c.g.Expect(said).To(Equal(3))
}

// A policy that refuses the question costs one request every half minute, and no status.
func TestAQuestionThatIsRefused(t *testing.T) {
	j := theJob().Obj()
	c := newCluster(t, j, node("a"), installedBy(t, j, you, ""))
	writes := c.named()
	count := c.fault
	c.fault = func(verb string, before bool) error {
		if err := count(verb, before); err != nil || verb != "Patch" {
			return err
		}
		return apierrors.NewForbidden(schema.GroupResource{Resource: "daemonsets"}, "j", errors.New("policy"))
	}
	for range 10 {
		c.g.Expect(c.after(30 * time.Second).RequeueAfter).To(Equal(30 * time.Second))
	}
	c.g.Expect(len(*writes)).To(BeNumerically("<=", 9))
	c.fault = nil
	c.g.Expect(c.status()).To(Equal(v1beta1.JobStatus{}))
}

// An admission webhook drops annotations that it does not know.
func TestAQuestionThatIsDropped(t *testing.T) {
	j := theJob().Obj()
	c := newCluster(t, j, node("a"), installedBy(t, j, you, ""))
	c.api = interceptor.NewClient(c.api, interceptor.Funcs{
		Patch: func(ctx context.Context, s client.WithWatch, o client.Object, patch client.Patch, options ...client.PatchOption) error {
			err := s.Patch(ctx, o, patch, options...)
			ds, ok := o.(*appsv1.DaemonSet)
			if err != nil || !ok {
				return err
			}
			delete(ds.Annotations, v1beta1.AnnotationAskedBy)
			return c.server.Update(ctx, ds)
		},
	})
	c.restart()
	writes := c.named()
	for range 65 {
		c.after(time.Second)
	}
	c.g.Expect(*writes).To(HaveLen(2))
}

func TestADaemonSetOfAnEarlierVersionGetsItsOwner(t *testing.T) {
	j := gatedJob().Obj()
	c := newCluster(t, j, node("a"), installedBy(t, j, "", ""), podFor(daemonSetFor(t, j, 1), "a", nil))
	writes := c.named()
	c.after(0)
	c.g.Expect(*writes).To(ContainElement("Apply"))
	c.g.Expect(c.ownership()).To(Equal(daemonset.Ownership{Owner: me}))
	*writes = nil
	c.after(time.Hour)
	c.g.Expect(*writes).NotTo(ContainElement("Apply"))
}

func TestAChangeOfTheOwnerEnqueuesTheJob(t *testing.T) {
	g, j := NewWithT(t), theJob().Obj()
	before := installedBy(t, j, me, "")
	for _, after := range []*appsv1.DaemonSet{installedBy(t, j, you, ""), installedBy(t, j, me, you)} {
		g.Expect(daemonSetChanged(event.UpdateEvent{ObjectOld: before, ObjectNew: after})).To(BeTrue())
	}
	g.Expect(daemonSetChanged(event.UpdateEvent{ObjectOld: before, ObjectNew: before.DeepCopy()})).To(BeFalse())
}

func TestJobsOfOtherInstallationsAreCounted(t *testing.T) {
	g := NewWithT(t)
	var objects []client.Object
	for i, owner := range []string{me, you, you, ""} {
		ds := installedBy(t, theJob().Obj(), owner, "")
		ds.Name = fmt.Sprint("ds-", i)
		objects = append(objects, ds)
	}
	c := newCluster(t, append(objects, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "a"}})...)
	registry := prometheus.NewPedanticRegistry()
	elected := make(chan struct{})
	close(elected)
	g.Expect(registry.Register(Collectors(c.server, elected, me)[2])).To(Succeed())
	families, err := registry.Gather()
	g.Expect(err).NotTo(HaveOccurred())
	others := 0.0
	for _, family := range families {
		if family.GetName() == "daemonset_job_jobs_of_other_installations" {
			g.Expect(family.Metric[0].Label).To(BeEmpty())
			others += family.Metric[0].Gauge.GetValue()
		}
	}
	g.Expect(others).To(Equal(2.0))
}
