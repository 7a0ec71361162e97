package schedule

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// State is all that a Decision rests on. Nothing in it is changed.
type State struct {
	// CronJob is the newest known version.
	CronJob *v1beta1.CronJob
	// Children are the Jobs that it controls, as the informer cache has them, in any order. One
	// that cannot be decoded has its metadata alone.
	Children []*v1beta1.Job
	// Named is what the API server has under the name of status.pending, nil if there is none.
	// It is read if there is a pending run, and no child of its name.
	Named *metav1.PartialObjectMetadata
	// Guard is what was last observed of the admission policy.
	Guard Guard
	// CreatedUID is the UID of the pending run's Job if this manager created it, and has not yet
	// written that.
	CreatedUID types.UID
	// Refusal is why the API server refused to create the pending run's Job, nil if it did not.
	Refusal *Refusal
	// Now is the manager's clock.
	Now time.Time
}

// Guard is what was last observed of the admission policy that limits who may write what a
// CronJob runs. The zero value asks for no policy.
type Guard struct {
	// Missing says what is wrong with the policy and what to apply, empty if it is enforced.
	Missing string
	// Since is when the API server enforced the policy on every request.
	Since time.Time
}

// Refusal is why the Job of a run was refused.
type Refusal struct {
	// Name is the Job's.
	Name string
	// Message is the API server's.
	Message string
}

// Decision is what a reconcile does, in the order of the fields. What follows a status is done
// only when the status is written. After Create comes the Decision that Created returns.
type Decision struct {
	// Status is the status to write, nil if it is as it should be.
	Status *v1beta1.CronJobStatus
	// Events are to be emitted on the CronJob.
	Events []Event
	// Results are the runs that ended, or did not take place.
	Results []Result
	// Delete are Jobs to delete.
	Delete []Deletion
	// Create is the run whose Job to create: the pending one, as status.pending has it.
	Create *Run
	// RequeueAfter is when to decide again if nothing changes before.
	RequeueAfter time.Duration
}

// Run is a run by the schedule.
type Run struct {
	// Name is the Job's.
	Name string
	// ScheduledTime is when the schedule has it.
	ScheduledTime time.Time
}

// Deletion is a Job to delete.
type Deletion struct {
	Job *v1beta1.Job
	// Foreground lets the API server keep the Job until its pods are gone.
	Foreground bool
}

// Event is an event to emit on the CronJob.
type Event struct{ Type, Reason, Action, Message string }

// Result is how a run ended, or why it did not take place.
type Result string

// Results of runs.
const (
	// Complete is a run whose Job was Complete.
	Complete Result = "Complete"
	// Failed is a run whose Job Failed.
	Failed Result = "Failed"
	// Deleted is a run whose Job was deleted before it was finished.
	Deleted Result = "Deleted"
	// Missed is a run that could not start before its deadline.
	Missed Result = "Missed"
	// Dropped is a run that was pending, and was given up before its Job was created.
	Dropped Result = "Dropped"
)
