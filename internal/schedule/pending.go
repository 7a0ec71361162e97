package schedule

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// settlePending brings the pending run one step further: its Job is to be created, its UID to
// be written, or it is known to exist.
func (n *next) settlePending() {
	pending := n.status.Pending
	if pending == nil {
		return
	}
	child := n.childNamed(pending.Name)
	controlled := n.Named != nil && n.CronJob.Controls(n.Named)
	switch {
	case pending.UID == "" && n.CreatedUID != "":
		n.created(n.CreatedUID)
	case child != nil && pending.UID == "":
		n.created(child.UID)
	case controlled && pending.UID == "":
		n.created(n.Named.UID)
	case child != nil:
		n.status.Pending = nil
	case controlled:
		// The informer cache is about to have it.
	case pending.UID != "":
		if !n.wasActive(pending.UID) {
			n.Results = append(n.Results, Deleted)
		}
		n.status.Pending = nil
	default:
		n.nameTaken = n.Named != nil
		n.advancePending()
	}
}

// created says that the Job of the pending run exists.
func (n *next) created(uid types.UID) {
	n.status.Pending.UID = uid
	n.emit(corev1.EventTypeNormal, "SuccessfulCreate", "Create", "created Job "+n.status.Pending.Name)
}

// Created returns the Decision that follows the creation of the pending run's Job.
func Created(cronJob *v1beta1.CronJob, uid types.UID) Decision {
	n := &next{State: &State{CronJob: cronJob}, status: *cronJob.Status.DeepCopy()}
	n.created(uid)
	n.Status = &n.status
	return n.Decision
}

// advancePending decides about a pending run whose Job does not exist.
func (n *next) advancePending() {
	run := Run{n.status.Pending.Name, n.status.Pending.ScheduledTime.Time}
	switch {
	case n.suspended():
		n.drop(run, "the CronJob is suspended")
	case n.isLate(run.ScheduledTime):
		n.drop(run, "startingDeadlineSeconds has passed")
	case n.blockedByGuard(), n.nameTaken:
		// startDue replaces it, once a later run is due.
	case n.mustWait(run):
	default:
		if _, later := n.due(); !later {
			n.Create = &run
		}
	}
}

// mustWait returns whether a run has to wait for the active children, and deletes them if it
// replaces them. When they are gone, a later run that is then due takes its place.
func (n *next) mustWait(run Run) bool {
	policy := n.CronJob.Spec.ConcurrencyPolicy
	if len(n.active) == 0 || policy == v1beta1.AllowConcurrent {
		return false
	}
	if at, later := n.due(); later {
		run = Run{RunName(n.CronJob.Name, at), at}
	}
	n.waiting = &run
	for _, job := range n.active {
		if policy == v1beta1.ReplaceConcurrent && job.DeletionTimestamp.IsZero() {
			n.Delete = append(n.Delete, Deletion{Job: job, Foreground: true})
		}
	}
	return true
}

// drop gives the pending run up.
func (n *next) drop(run Run, why string) {
	n.status.Pending = nil
	n.Results = append(n.Results, Dropped)
	n.emit(corev1.EventTypeWarning, "RunDropped", "Drop", fmt.Sprintf("dropped the run of %s, whose Job was not created yet: %s", n.wallTime(run.ScheduledTime), why))
}

// isLate returns whether it is too late to start a run. Times of the API have whole seconds.
func (n *next) isLate(scheduled time.Time) bool {
	deadline := n.CronJob.Spec.StartingDeadlineSeconds
	return deadline != nil && int64(n.Now.Sub(scheduled)/time.Second) > *deadline
}
