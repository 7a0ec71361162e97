package plan

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// ended is the status of a Job that ended so many seconds ago.
func ended(conditionType string, phase v1beta1.JobPhase, secondsAgo int) v1beta1.JobStatus {
	status := started(60)
	status.Phase = phase
	status.Conditions = []metav1.Condition{{Type: conditionType, Status: metav1.ConditionTrue, Reason: "R",
		LastTransitionTime: metav1.NewTime(now.Add(-time.Duration(secondsAgo) * time.Second))}}
	return status
}

// gatedDaemonSet is daemonSet with the gate in its template.
func gatedDaemonSet(desired, current int32) *appsv1.DaemonSet {
	ds, err := daemonset.Desired(wrappers.Job("ns", "j").Parallelism("1").Obj(), hash, daemonset.Pause{Image: "pause:v1"})
	if err != nil {
		panic(err)
	}
	ds.Generation, ds.Status = 3, daemonSet(desired, current).Status
	ds.Spec.Template.Labels = daemonSet(0, 0).Spec.Template.Labels
	return ds
}

func terminatingDaemonSet() *appsv1.DaemonSet {
	ds := daemonSet(1, 1)
	ds.DeletionTimestamp = new(metav1.NewTime(now))
	return ds
}

// steps are what a Plan does, without the contents of the status.
type steps struct {
	live, status                bool
	daemonSet                   DaemonSetAction
	deleted, reclaimed, ungated []string
	again                       time.Duration
}

func stepsOf(p Plan) steps {
	s := steps{live: p.ReadLive, status: p.Status != nil, daemonSet: p.DaemonSet, again: p.RequeueAfter}
	for _, pod := range p.DeletePods {
		s.deleted = append(s.deleted, pod.Node)
	}
	for _, pod := range p.Reclaim {
		s.reclaimed = append(s.reclaimed, pod.Node)
	}
	for _, pod := range p.Ungate {
		s.ungated = append(s.ungated, pod.Node)
	}
	return s
}

func TestCompute(t *testing.T) {
	old := func(node string) *wrappers.PodWrapper { return wrappers.Pod(aJob, node, "h0") }
	complete := func(secondsAgo int) *wrappers.JobWrapper {
		return job().Status(ended(v1beta1.JobComplete, v1beta1.PhaseComplete, secondsAgo))
	}
	deleted := job().Parallelism("1")
	deleted.DeletionTimestamp = new(metav1.NewTime(now))
	failed := job().Status(ended(v1beta1.JobFailed, v1beta1.PhaseFailed, 0))
	holds := func() *wrappers.JobWrapper { return job().OnFailure(v1beta1.FailureActionSuspend) }
	held := suspendedBy(v1beta1.ReasonMaxFailedNodesExceeded)
	tests := map[string]struct {
		job     *wrappers.JobWrapper
		ds      *appsv1.DaemonSet
		pods    []*wrappers.PodWrapper
		mutate  func(*State)
		planned steps
	}{
		"all done":                          {job: job(), ds: daemonSet(1, 1), pods: pods(pod("a").Completed()), planned: steps{status: true, again: deletionGrace}},
		"all done, with a TTL":              {job: job().TTL(60), ds: daemonSet(1, 1), pods: pods(pod("a").Completed()), planned: steps{status: true, daemonSet: GateTemplate, again: immediately}},
		"all done, gated, with a TTL":       {job: job().TTL(60).MaxFailedNodes("1"), ds: gatedDaemonSet(2, 2), pods: pods(pod("a").Completed(), crashing("b")), planned: steps{status: true, deleted: []string{"b"}, again: immediately}},
		"complete, just now":                {job: complete(1), ds: daemonSet(1, 1), pods: pods(pod("a").Completed()), planned: steps{again: 4 * time.Second}},
		"complete, and not deleted yet":     {job: complete(5), ds: daemonSet(1, 1), pods: pods(pod("a").Completed()), planned: steps{daemonSet: GateTemplate}},
		"complete, gate not observed":       {job: complete(9), ds: gateNotObserved(), pods: pods(pod("a").Completed(), crashing("b"))},
		"complete, gate observed":           {job: complete(9), ds: gatedDaemonSet(2, 2), pods: pods(pod("a").Completed(), crashing("b"), pod("c").Gated()), planned: steps{deleted: []string{"b"}}},
		"complete, without a DaemonSet":     {job: complete(9)},
		"complete, DaemonSet was deleted":   {job: complete(1), planned: steps{again: 4 * time.Second}},
		"deleted, and a finalizer keeps it": {job: deleted, ds: daemonSet(1, 1), pods: pods(pod("a").Gated()), planned: steps{daemonSet: GateTemplate}},
		"deleted, gated":                    {job: deleted, ds: gatedDaemonSet(1, 1), pods: pods(pod("a").Gated())},
		"deleted, DaemonSet is going":       {job: deleted, ds: terminatingDaemonSet()},
		"complete, DaemonSet is going":      {job: complete(9), ds: terminatingDaemonSet()},
		"failed":                            {job: failed, ds: daemonSet(1, 1), pods: pods(crashing("a")), planned: steps{daemonSet: DeleteDaemonSet}},
		"failed, DaemonSet is going":        {job: failed, ds: terminatingDaemonSet()},
		"fails":                             {job: job(), ds: daemonSet(1, 1), pods: pods(crashing("a")), planned: steps{status: true, daemonSet: DeleteDaemonSet, again: immediately}},
		"fails on a cached state":           {job: job(), ds: daemonSet(1, 1), pods: pods(crashing("a")), mutate: cached, planned: steps{live: true}},
		"holds":                             {job: holds(), ds: daemonSet(1, 1), pods: pods(crashing("a")), planned: steps{status: true, daemonSet: GateTemplate}},
		"holds on a cached state":           {job: holds(), ds: daemonSet(1, 1), pods: pods(crashing("a")), mutate: cached, planned: steps{live: true}},
		"completes on a cached state":       {job: job(), ds: daemonSet(1, 1), pods: pods(pod("a").Completed()), mutate: cached, planned: steps{live: true}},
		"resumed after a hold":              {job: holds().Suspend(false).Status(held), ds: daemonSet(2, 2), pods: pods(crashing("a"), pod("b")), planned: steps{status: true, again: immediately}},
		"resumed, on a cached state":        {job: holds().Suspend(false).Status(held), ds: daemonSet(2, 2), pods: pods(crashing("a"), pod("b")), mutate: cached, planned: steps{live: true}},
		"resumed, by now it is done":        {job: holds().Suspend(false).Status(held), ds: daemonSet(1, 1), pods: pods(crashing("a").Completed()), planned: steps{status: true, again: deletionGrace}},
		"resumed by who suspended it":       {job: job().Suspend(false).Status(suspendedBy(v1beta1.ReasonSuspendedByUser)), ds: daemonSet(1, 1), pods: pods(pod("a").Gated()), mutate: cached, planned: steps{status: true, ungated: []string{"a"}}},
		"gated pods, two slots":             {job: job().Parallelism("2"), ds: daemonSet(3, 3), pods: pods(pod("a"), pod("b").Gated(), pod("c").Gated()), planned: steps{status: true, ungated: []string{"b"}}},
		"gated pods, cache not known":       {job: job().Parallelism("2"), ds: daemonSet(3, 3), pods: pods(pod("a"), pod("b").Gated()), mutate: func(s *State) { s.ExpectationsMet = false }, planned: steps{status: true}},
		"gated pods, suspended":             {job: job().Suspend(true), ds: daemonSet(1, 1), pods: pods(pod("a").Gated()), planned: steps{status: true}},
		"gated pods, DaemonSet is stale":    {job: job().Parallelism("1"), ds: notObserved(1), pods: pods(pod("a").Gated()), planned: steps{status: true}},
		"an earlier template":               {job: job(), ds: daemonSet(2, 2), pods: pods(old("a").Completed(), pod("b")), planned: steps{status: true, deleted: []string{"a"}}},
		"an earlier template, cached":       {job: job(), ds: daemonSet(2, 2), pods: pods(old("a").Completed(), pod("b")), mutate: cached, planned: steps{live: true}},
		"an earlier template, suspended":    {job: job().Suspend(true), ds: daemonSet(1, 1), pods: pods(old("a")), planned: steps{status: true}},
		"an earlier one, stale":             {job: job(), ds: notObserved(1), pods: pods(old("a")), planned: steps{status: true}},
		"an earlier one holds the slot":     {job: job().Parallelism("1"), ds: daemonSet(2, 2), pods: pods(old("a"), pod("b").Gated()), planned: steps{status: true, deleted: []string{"a"}}},
		"a pod that starts slowly":          {job: job(), ds: daemonSet(1, 1), pods: pods(startingFor(20)), planned: steps{status: true, again: 40 * time.Second}},
		"a pod that has no room yet":        {job: job().Parallelism("1"), ds: gatedDaemonSet(1, 1), pods: pods(pod("a").Unschedulable("full").Created(now.Unix() - 10)), planned: steps{status: true, again: 20 * time.Second}},
		"a deadline to come":                {job: job().Deadline(15), ds: daemonSet(1, 1), pods: pods(pod("a")), planned: steps{status: true, again: 6 * time.Second}},
		"the name is taken":                 {job: job(), mutate: blockedBy(v1beta1.ReasonDaemonSetNameTaken), planned: steps{status: true, again: 10 * time.Second}},
		"the manager failed":                {job: job(), mutate: blockedBy(v1beta1.ReasonReconcileFailed), planned: steps{status: true, again: immediately}},
		"a predecessor stops":               {job: job(), mutate: blockedBy(v1beta1.ReasonPredecessorStopping), planned: steps{status: true, again: 2 * time.Second}},
		"the DaemonSet is refused":          {job: job(), mutate: blockedBy(v1beta1.ReasonDaemonSetRefused), planned: steps{status: true, again: 30 * time.Second}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			observe := func() State {
				state := stateWith(test.job, test.ds.DeepCopy(), test.pods...)
				if test.mutate != nil {
					test.mutate(&state)
				}
				return state
			}
			state := observe()
			g.Expect(stepsOf(Compute(state))).To(Equal(test.planned))
			g.Expect(state).To(Equal(observe()), "Compute changes nothing")
		})
	}
}

// startingFor is a pod that got its node so many seconds ago and has started nothing.
func startingFor(secondsAgo int64) *wrappers.PodWrapper {
	w := pod("a").Waiting(v1beta1.ContainerName, "ContainerCreating", "")
	w.Pod.Status.Conditions = append(w.Pod.Status.Conditions, corev1.PodCondition{
		Type: corev1.PodScheduled, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(now.Add(-time.Duration(secondsAgo) * time.Second)),
	})
	return w
}

func cached(s *State) { s.Live = false }

func blockedBy(reason string) func(*State) {
	return func(s *State) { s.Blocker = Blocker{reason, "because"} }
}

func gateNotObserved() *appsv1.DaemonSet {
	ds := gatedDaemonSet(2, 2)
	ds.Generation++
	return ds
}

// The status is written once, then only when something changed, and progress waits
// for its interval while pods move on.
func TestComputeWritesAStatusWhenItIsDue(t *testing.T) {
	g := NewWithT(t)
	state := stateWith(job().Parallelism("1"), daemonSet(20, 20), pod("a"), pod("b").Gated())
	first := Compute(state)
	g.Expect(first.Status).NotTo(BeNil())
	state.Job.Status, state.LastStatusWrite = first.Status.Status, now
	g.Expect(stepsOf(Compute(state))).To(Equal(steps{}))

	state.Pods[0].State = Succeeded
	g.Expect(stepsOf(Compute(state))).To(Equal(steps{ungated: []string{"b"}, again: 5 * time.Second}), "one of 20 nodes can wait")
	state.Now = now.Add(5 * time.Second)
	g.Expect(stepsOf(Compute(state))).To(Equal(steps{status: true, ungated: []string{"b"}}))
}
