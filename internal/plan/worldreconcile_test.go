package plan

import (
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
)

// reconcile is one reconcile of controllers/job: its steps in their order, with the
// real decisions.
func (w *world) reconcile() {
	m := &w.manager
	if m.job == nil {
		m.memory = memory{}
		return
	}
	if m.memory.uid != m.job.UID {
		m.memory = memory{uid: m.job.UID}
	}
	job := newest(&m.memory.job, m.job)
	w.observedGuard = w.guard
	ds, blocker, err := w.sync(job)
	if ds == nil && err != nil {
		return
	}
	s := w.observe(job, ds, blocker)
	gone := w.manager.gone
	s.Pods = append(s.Pods, gone...)
	p := Compute(s)
	w.remember(&p, gone)
	if p.ReadLive {
		if s, err = w.observeLive(s); err != nil {
			return
		}
		p = Compute(s)
		w.remember(&p, nil)
	}
	unfinished := w.unfinished(&s, &p)
	w.execute(s, p, unfinished)
}

// sync applies the DaemonSet, as sync.go does.
func (w *world) sync(job *v1beta1.Job) (*appsv1.DaemonSet, Blocker, error) {
	over := job.Finished() != nil || job.DeletionTimestamp != nil
	ds := w.manager.ds
	if ds == nil && !over {
		if w.isStale(job) {
			return nil, Blocker{}, errStale
		}
		ds = w.ds
	}
	if ds != nil {
		ds = newest(&w.manager.memory.ds, ds)
	}
	controlled := isControlled(ds, job)
	switch {
	case over && !controlled:
		return nil, Blocker{}, nil
	case over:
		return ds, Blocker{}, nil
	}
	desired, guarded := w.desired(job, w.hash(job, ds)), w.observedGuard.Blocker(job).Reason != ""
	switch {
	case ds == nil && guarded:
		w.count[heldBack]++
		return nil, Blocker{}, nil
	case ds == nil:
		if nodes, _ := placeNodes(w.liveNodes(), nil); len(PodsOfPredecessor(w.livePods(), nodes, w.now)) > 0 {
			return nil, Blocker{Reason: v1beta1.ReasonPredecessorStopping}, nil
		}
		return w.apply(job, nil, desired)
	case !controlled:
		return nil, Blocker{Reason: v1beta1.ReasonDaemonSetNameTaken}, nil
	case !daemonset.NeedsApply(ds, desired):
		return ds, Blocker{}, nil
	case w.isStale(job):
		return nil, Blocker{}, errStale
	case guarded && (daemonset.HasGate(&ds.Spec.Template.Spec) || !daemonset.HasGate(&desired.Spec.Template.Spec)):
		w.count[heldBack]++
		return ds, Blocker{}, nil
	case guarded:
		err := w.stopDaemonSet(&State{DaemonSet: ds}, GateTemplate)
		return newest(&w.manager.memory.ds, ds), Blocker{}, err
	}
	applied, blocker, err := w.apply(job, ds, desired)
	if applied == nil {
		applied = ds
	}
	return applied, blocker, err
}

func (w *world) desired(job *v1beta1.Job, hash string) *appsv1.DaemonSet {
	memory, gates := &w.manager.memory, daemonset.UsesGates(job)
	if memory.desired == nil || memory.generation != job.Generation || memory.gates != gates || templateHash(memory.desired) != hash {
		desired, err := daemonset.Desired(job, hash, daemonset.Pause{Image: "pause:v1"})
		if err != nil {
			panic(err)
		}
		memory.desired, memory.generation, memory.gates = desired, job.Generation, gates
	}
	return memory.desired
}

// apply applies the DaemonSet, to this very one if there is one.
func (w *world) apply(job *v1beta1.Job, ds, desired *appsv1.DaemonSet) (*appsv1.DaemonSet, Blocker, error) {
	err := w.request(func() error {
		applied := desired.DeepCopy()
		switch {
		case ds == nil && w.ds != nil, ds != nil && (w.ds == nil || w.ds.UID != ds.UID):
			return errConflict
		case ds == nil:
			applied.UID, applied.Generation = w.uid("ds"), 1
		default:
			applied.UID, applied.Generation, applied.Status = w.ds.UID, w.ds.Generation+1, w.ds.Status
		}
		w.checkApply(job, applied)
		w.checkGuard(job, true, "applied a DaemonSet")
		w.ds, w.dsGeneration = applied, job.Generation
		w.note("manager applied %s: %s, gated %t", applied.UID, templateHash(applied), daemonset.HasGate(&applied.Spec.Template.Spec))
		w.dsChanged()
		return nil
	})
	if err != nil {
		return nil, Blocker{}, err
	}
	w.manager.memory.ds = w.ds
	return w.ds, Blocker{}, nil
}

func templateHash(ds *appsv1.DaemonSet) string {
	return ds.Spec.Template.Labels[v1beta1.LabelTemplateHash]
}

// observe collects the State from the caches, as observe.go does.
func (w *world) observe(job *v1beta1.Job, ds *appsv1.DaemonSet, blocker Blocker) State {
	memory := &w.manager.memory
	placedFor := ds
	if ds == nil {
		placedFor = memory.desired
	}
	if ds != nil {
		memory.lastDaemonSet = ds.UID
	}
	s := State{Job: job, Now: w.now, TemplateHash: w.hash(job, ds), DaemonSet: ds, LastDaemonSet: memory.lastDaemonSet, Guard: w.observedGuard, Blocker: blocker, LastStatusWrite: memory.lastStatusWrite,
		Backoff: memory.backoff, Pods: append([]Pod(nil), w.manager.pods...)}
	s.Nodes, s.Others = placeNodes(w.manager.nodes, placedFor)
	memory.staleNodes = memory.staleNodes.Still(s.Others)
	s.StaleNodes = memory.staleNodes
	s.Records = w.knowRecords(job, false)
	if ds == nil || job.Finished() != nil || job.DeletionTimestamp != nil {
		return s
	}
	slots := job.Spec.Parallelism != nil
	s.ExpectationsMet = !slots || memory.expectations.Met(s.Pods)
	if slots && !memory.expectations.Known() {
		live := w.livePods()
		memory.expectations.Confirm(s.Pods, uncached(s.Pods, live))
		s.Pods, s.ExpectationsMet = live, true
	}
	return s
}

// uncached returns the live pods that the cache does not have in just that version.
func uncached(cached, live []Pod) []Pod {
	return slices.DeleteFunc(slices.Clone(live), func(pod Pod) bool {
		return slices.ContainsFunc(cached, func(c Pod) bool { return c.UID == pod.UID && c.ResourceVersion == pod.ResourceVersion })
	})
}

func (w *world) hash(job *v1beta1.Job, ds *appsv1.DaemonSet) string {
	hash, err := daemonset.CurrentHash(job, ds)
	if err != nil {
		panic(err)
	}
	return hash
}

// observeLive collects the State from the API server, as observe.go does.
func (w *world) observeLive(cached State) (State, error) {
	s := cached
	job, err := w.getLive(s.Job)
	if err != nil {
		return s, err
	}
	s.Job, s.DaemonSet, s.Now, s.ExpectationsMet, s.Live = job, nil, w.now, true, true
	placedFor := w.manager.memory.desired
	if isControlled(w.ds, job) {
		s.DaemonSet, placedFor = w.ds, w.ds
	}
	s.TemplateHash = w.hash(job, s.DaemonSet)
	s.Pods = w.livePods()
	s.Nodes, s.Others = w.listNodes(placedFor, cached.Nodes, s.Pods)
	_, cachedNodes := placeNodes(w.manager.nodes, placedFor)
	w.manager.memory.staleNodes = FindStaleNodes(s.Nodes, cachedNodes)
	s.Records = w.knowRecords(job, true)
	w.manager.memory.expectations.Confirm(w.manager.pods, uncached(w.manager.pods, s.Pods))
	return s, nil
}

// request sends a write to the API server. Other things happen before it arrives, and
// its answer may be lost, whether it was written or not.
func (w *world) request(write func() error) error {
	if w.calm {
		return write()
	}
	if w.chance(8) {
		w.disturb()
	}
	if w.chance(4) {
		w.kubernetes()
	}
	if w.chance(40) {
		if w.chance(2) {
			_ = write() // The answer is lost.
		}
		w.note("answer lost")
		return errLost
	}
	return write()
}

// execute does what the Plan says, as execute.go does.
func (w *world) execute(s State, p Plan, unfinished unfinished) {
	if w.writePages(&s, &p) != nil {
		return
	}
	if p.Status != nil && w.writeStatus(&s, p.Status, unfinished) != nil {
		return
	}
	if p.DaemonSet != KeepDaemonSet && w.stopDaemonSet(&s, p.DaemonSet) != nil {
		return
	}
	if w.deletePlannedPods(&s, &p) != nil {
		return
	}
	for i := range p.Reclaim {
		pod := &p.Reclaim[i]
		if _, err := w.deletePlanned(&s, pod, "unschedulable", true); err != nil {
			return
		}
		if w.manager.memory.backoff == nil {
			w.manager.memory.backoff = map[string]time.Time{}
		}
		w.manager.memory.backoff[pod.Node] = w.now.Add(time.Minute)
		w.count[reclaimed]++
	}
	if len(p.Ungate) > 0 {
		w.ungate(&s, p.Ungate)
	}
}

func (w *world) stopDaemonSet(s *State, action DaemonSetAction) error {
	return w.request(func() error {
		if w.ds == nil || w.ds.UID != s.DaemonSet.UID {
			return errNotFound
		}
		if action == DeleteDaemonSet {
			w.removeDaemonSet("manager")
			return nil
		}
		w.note("manager gated the template of %s", w.ds.UID)
		w.ds = w.ds.DeepCopy()
		w.ds.Generation++
		w.ds.Spec.Template.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: v1beta1.SchedulingGate}}
		w.dsChanged()
		w.manager.memory.ds = w.ds
		return nil
	})
}

// deletePlannedPods deletes pods. Each answer can be lost.
func (w *world) deletePlannedPods(s *State, p *Plan) error {
	memory := &w.manager.memory
	expectations := memory.expectations
	memory.expectations.Forget()
	for i := range p.DeletePods {
		deleted, err := w.deletePlanned(s, &p.DeletePods[i], p.DeleteReason, p.DeleteUnchanged)
		if err != nil {
			return err
		}
		if deleted {
			expectations.ExpectDeleted(p.DeletePods[i].UID)
		}
	}
	memory.expectations = expectations
	return nil
}

// deletePlanned deletes this very pod, in this version if exact, and returns whether it did.
func (w *world) deletePlanned(s *State, planned *Pod, why string, exact bool) (deleted bool, err error) {
	err = w.request(func() error {
		p := w.pod(planned.UID)
		if p == nil || exact && versionText(p) != planned.ResourceVersion {
			return nil
		}
		w.note("manager deleted %s: %s", p.uid, why)
		w.checkDeletion(s, p, why)
		w.checkGuard(s.Job, why != "the Job is over" && why != stoppedReason, "deleted "+string(p.uid)+" to be made again")
		w.deletePod(p)
		deleted = true
		return nil
	})
	return deleted, err
}

// ungate removes the gates of pods. Each pod's answer can be lost.
func (w *world) ungate(s *State, planned []Pod) {
	memory := &w.manager.memory
	expectations, lost := memory.expectations, false
	memory.expectations.Forget()
	for i := range planned {
		lost = w.request(func() error {
			p := w.pod(planned[i].UID)
			if p == nil {
				return nil
			}
			if p.gated {
				p.gated, p.ungatedAt = false, w.stamp().Time
				w.count[ungated]++
				w.note("manager ungated %s on %s", p.uid, p.node)
				w.checkUngated(s, p)
				w.checkGuard(s.Job, true, "ungated "+string(p.uid))
			}
			w.podChanged(p)
			expectations.Expect(p.uid, versionText(p))
			return nil
		}) != nil || lost
	}
	if !lost {
		memory.expectations = expectations
	}
}
