package job

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// nodesOfFaults are the nodes on which the Job of TestItEndsRightAfterAnyFault runs.
var nodesOfFaults = []string{"a", "b", "c"}

// ran counts, for each node and template, how often its work was run.
type ran map[string]int

// kubernetes plays the DaemonSet controller, the scheduler, the kubelets and the
// terminator, for one step: pods are made, work starts, or work that started is done.
func (c *cluster) kubernetes(t *testing.T, runs ran) {
	t.Helper()
	ds := &appsv1.DaemonSet{}
	ds.Namespace, ds.Name = "ns", v1beta1.DaemonSetName("j")
	if !c.get(ds) {
		return
	}
	there, working := map[string]bool{}, 0
	for _, pod := range c.pods() {
		name := pod.Labels["node"]
		there[name] = true
		switch {
		case len(pod.Spec.SchedulingGates) > 0 || v1beta1.PodIsCompleted(&pod):
			continue
		case pod.Labels["started"] == "":
			runs[name+" "+pod.Labels[v1beta1.LabelTemplateHash]]++
			pod.Labels["started"] = "true"
			c.must(c.server.Update(context.Background(), &pod))
		case c.exits[name] != 0:
			// The kubelet has started it once more, and it is at work until its pod is gone.
			pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: v1beta1.ContainerName, RestartCount: 1,
				LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: c.exits[name]}}}}
			c.must(c.server.Status().Update(context.Background(), &pod))
		default:
			pod.Status.Conditions = []corev1.PodCondition{{Type: v1beta1.PodCompleted, Status: corev1.ConditionTrue}}
			c.must(c.server.Status().Update(context.Background(), &pod))
			continue
		}
		working++
	}
	c.g.Expect(working).To(BeNumerically("<=", 1), "parallelism is 1")
	for _, name := range nodesOfFaults {
		if !there[name] {
			c.makePod(ds, name)
		}
	}
	n := int32(len(nodesOfFaults))
	ds.Status = appsv1.DaemonSetStatus{ObservedGeneration: ds.Generation, DesiredNumberScheduled: n, CurrentNumberScheduled: n}
	c.must(c.server.Status().Update(context.Background(), ds))
}

func (c *cluster) makePod(ds *appsv1.DaemonSet, name string) {
	w := wrappers.Pod(aJob, name, ds.Spec.Template.Labels[v1beta1.LabelTemplateHash]).Label("node", name)
	if daemonset.HasGate(&ds.Spec.Template.Spec) {
		w.Gated()
	}
	pod, ok := owned(w).(*corev1.Pod)
	c.g.Expect(ok).To(BeTrue())
	c.made++
	pod.OwnerReferences[0].UID, pod.UID, pod.ResourceVersion = ds.UID, types.UID(fmt.Sprint(name, c.made)), ""
	c.must(c.server.Create(context.Background(), pod))
}

// fault is how a request fails.
type fault struct {
	err error
	// done requests took effect: the answer alone is lost.
	done, stale bool
}

// faults are the ways in which a request fails.
func faults() map[string]fault {
	object := schema.GroupResource{Resource: "objects"}
	return map[string]fault{
		"404":         {err: apierrors.NewNotFound(object, "x")},
		"409":         {err: apierrors.NewConflict(object, "x", errors.New("changed"))},
		"500":         {err: apierrors.NewInternalError(errors.New("down"))},
		"time-out":    {err: context.DeadlineExceeded},
		"lost answer": {err: context.DeadlineExceeded, done: true},
		"stale cache": {stale: true},
	}
}

// failAt lets the request of this verb that is the call-th, from 0 on, fail in this way. It
// returns how many there were, and for how many rounds the cache is stale.
func (c *cluster) failAt(verb string, call int, fault fault) (calls, stale *int) {
	calls, stale = new(int), new(int)
	c.fault = func(v string, before bool) error {
		if v != verb || before == fault.done {
			return nil
		}
		if *calls++; *calls-1 != call {
			return nil
		}
		if fault.stale {
			*stale = 5
		}
		return fault.err
	}
	return calls, stale
}

// Each kind of request fails in each way, once at each of its first calls: the Job ends
// right, and nothing ran twice.
func TestItEndsRightAfterAnyFault(t *testing.T) {
	for _, verb := range []string{"Get", "List", "Patch", "Apply", "Delete", "Create", "Update"} {
		for name, fault := range faults() {
			for call := range 2 {
				t.Run(fmt.Sprintf("%s, %s, call %d", verb, name, call), func(t *testing.T) {
					j := theJob().Parallelism("1").TTL(600).Obj()
					c := newCluster(t, j, node("a"), node("b"), node("c"))
					calls, stale := c.failAt(verb, call, fault)
					runs := c.play(t, stale)
					c.g.Expect(c.status().Phase).To(Equal(v1beta1.PhaseComplete))
					c.g.Expect(c.status().Completed).To(Equal("3/3"))
					for what, n := range runs {
						c.g.Expect(n).To(Equal(1), what)
					}
					c.g.Expect(*calls).To(BeNumerically(">", 0), "the fault never came")
				})
			}
		}
	}
}

// play lets the Job run, and its template change when a node is done. The cache is
// synced in each round, unless it is stale.
func (c *cluster) play(t *testing.T, stale *int) ran {
	t.Helper()
	runs, changed := ran{}, false
	for rounds := 80; rounds > 0; rounds-- {
		if *stale--; *stale < 0 {
			c.sync()
		}
		_ = c.reconcile() // An error is a retry.
		c.kubernetes(t, runs)
		switch status := c.status(); {
		case status.Phase == v1beta1.PhaseComplete:
			rounds = min(rounds, 4) // What is done then must start nothing.
		case !changed && status.Succeeded > 0:
			changed = true
			j := theJob().Obj()
			c.edit(j, func() { j.Generation, j.Spec.Image = 2, "example.com/later:v1" })
		}
		c.clock.Step(6 * time.Second)
	}
	c.g.Expect(changed).To(BeTrue())
	later := 0
	for what := range runs {
		if hash, err := daemonset.TemplateHash(&theJob().Image("example.com/later:v1").Obj().Spec); err == nil && what[2:] == hash {
			later++
		}
	}
	c.g.Expect(later).To(Equal(len(nodesOfFaults)), "every node ran the later template")
	return runs
}
