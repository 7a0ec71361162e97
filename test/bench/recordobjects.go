package main

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
)

func (h *recordHistory) recordJob(job *v1beta1.Job, listed bool) {
	of, status := known(h.jobs, job.UID), &job.Status
	of.name = job.Name
	became := of.see(job, listed)
	if status.Succeeded+status.Skipped+status.Failed > status.Desired {
		h.breaks("Job %s: %d nodes are done and %d failed, of %d", job.Name, status.Succeeded, status.Failed, status.Desired)
	}
	if status.TemplateHash != "" {
		h.recordRun(job.UID, v1beta1.JobRun{TemplateHash: status.TemplateHash, Generation: status.RunGeneration})
	}
	if of.latched == nil {
		of.latched = map[string]moment{}
	}
	if status.Gated && !of.latched[status.TemplateHash].happened() {
		of.latched[status.TemplateHash] = became
	}
	is := job.Finished()
	if is == nil {
		return
	}
	v := verdict{moment: became, is: is.Type, hash: status.TemplateHash, decided: is.LastTransitionTime.Time}
	if n := len(of.verdicts); n == 0 || of.verdicts[n-1].is != v.is || !of.verdicts[n-1].decided.Equal(v.decided) {
		of.verdicts = append(of.verdicts, v)
	}
}

// wrote records a Job that the soak created or updated, as the API server answered. Its whole
// life may fall into a gap of the watch: it takes seconds to come back after the API server.
func (h *recordHistory) wrote(job *v1beta1.Job) error {
	hash, err := daemonset.TemplateHash(&job.Spec)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	of := known(h.jobs, job.UID)
	if of.name = job.Name; job.Generation == 1 {
		of.see(job, false)
	}
	h.recordRun(job.UID, v1beta1.JobRun{TemplateHash: hash})
	return nil
}

// recordRun records that a Job has a run. A template of the soak never comes back.
func (h *recordHistory) recordRun(job types.UID, run v1beta1.JobRun) {
	of := known(h.jobs, job)
	if of.runs == nil {
		of.runs = map[string]int64{}
	}
	before := of.runs[run.TemplateHash]
	if before != 0 && run.Generation != 0 && before != run.Generation {
		h.breaks("Job %s: the run of template %s began at generation %d, and at %d", of.name, run.TemplateHash, before, run.Generation)
	}
	of.runs[run.TemplateHash] = max(before, run.Generation)
}

func (h *recordHistory) recordDaemonSet(ds *appsv1.DaemonSet, listed bool) {
	of := known(h.daemonSets, ds.UID)
	became, hash := of.see(ds, listed), ds.Spec.Template.Labels[v1beta1.LabelTemplateHash]
	if owner := metav1.GetControllerOfNoCopy(ds); owner != nil {
		of.job = owner.UID
		h.recordRun(owner.UID, v1beta1.JobRun{TemplateHash: hash})
	}
	if n := len(of.templates); n == 0 || of.templates[n-1].hash != hash {
		of.templates = append(of.templates, template{became, hash, appliedAt(ds)})
	}
	now := gate{became, hash, daemonset.HasGate(&ds.Spec.Template.Spec), daemonset.Observed(ds)}
	if n := len(of.gates); n == 0 || of.gates[n-1].hash != hash || of.gates[n-1].gated != now.gated || of.gates[n-1].observed != now.observed {
		of.gates = append(of.gates, now)
	}
}

// appliedAt returns when the manager last applied the DaemonSet.
func appliedAt(ds *appsv1.DaemonSet) time.Time {
	var last time.Time
	for i := range ds.ManagedFields {
		if f := &ds.ManagedFields[i]; f.Manager == v1beta1.ManagerFieldOwner && f.Subresource == "" && f.Time != nil && f.Time.After(last) {
			last = f.Time.Time
		}
	}
	return last
}

func (p *podHistory) record(pod *corev1.Pod, listed bool) {
	became := p.see(pod, listed)
	p.name, p.node, p.hash = pod.Name, pod.Spec.NodeName, pod.Labels[v1beta1.LabelTemplateHash]
	if owner := metav1.GetControllerOfNoCopy(pod); owner != nil {
		p.daemonSet = owner.UID
	}
	wasGated := p.gated
	if p.gated = len(pod.Spec.SchedulingGates) > 0; wasGated && !p.gated {
		p.ungated = became
	}
	if p.node != "" && !p.bound.happened() {
		p.bound = became
	}
	if pod.DeletionTimestamp != nil {
		p.end(became)
	}
	switch done := isFinished(pod); {
	case !done:
		p.finished = moment{}
	case !p.finished.happened():
		p.finished, p.finishedSeen = became, time.Now()
	}
}
