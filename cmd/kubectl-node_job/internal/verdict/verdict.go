// Package verdict says what became of a Job, as an exit code and a sentence. It judges by the
// status alone, as it stands.
package verdict

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// Exit codes of all commands.
const (
	// OK says that every node is done, or that what was asked is done.
	OK = 0
	// NodeFailed says that a node failed, or that the Job was deleted before it was over.
	NodeFailed = 1
	// Usage says that the command could not do what was asked: it was called in a wrong way,
	// something was not found, or the API server refused.
	Usage = 2
	// Suspended says that the Job starts no further node until a user resumes it.
	Suspended = 3
	// Timeout says that a time was over before the Job was.
	Timeout = 124
	// Interrupted says that the user pressed Ctrl-C.
	Interrupted = 130
)

// Verdict is what became of a Job.
type Verdict struct {
	// Over says that waiting longer changes nothing by itself.
	Over bool
	// Code is the exit code, if it is over.
	Code int
	// Message is a sentence.
	Message string
}

// Of returns what became of a Job. A status that is not about the present generation, or that a
// resume is about to change, says nothing yet.
func Of(job *v1beta1.Job) Verdict {
	status := &job.Status
	if status.ObservedGeneration != job.Generation || plan.IsResumed(job) {
		return Verdict{Message: "the operator has not observed the last change yet"}
	}
	if finished := job.Finished(); finished != nil {
		v := Verdict{Over: true, Message: fmt.Sprintf("%s: %s", finished.Type, finished.Message)}
		switch {
		case timedOut(status):
			v.Code = Timeout
		case finished.Type == v1beta1.JobFailed, status.Failed > 0:
			v.Code = NodeFailed
		}
		return v
	}
	if suspended := meta.FindStatusCondition(status.Conditions, v1beta1.JobSuspended); suspended != nil && suspended.Status == "True" {
		return Verdict{Over: true, Code: Suspended, Message: "Suspended: " + suspended.Message}
	}
	return Verdict{Message: fmt.Sprintf("%s of the nodes are done", status.Completed)}
}

// Deleted returns what became of a Job whose last state before it was deleted this is. A Job
// that is complete deletes itself. unseen says that it may have changed after that state.
func Deleted(last *v1beta1.Job, unseen bool) Verdict {
	if v := Of(last); v.Over && last.Finished() != nil {
		return v
	}
	message := fmt.Sprintf("deleted before it was over: %s of the nodes were done", orNone(last.Status.Completed))
	if unseen {
		message = fmt.Sprintf("deleted while the API server could not be reached, and how it ended is unknown: %s of the nodes were done before", orNone(last.Status.Completed))
	}
	return Verdict{Over: true, Code: NodeFailed, Message: message}
}

// timedOut returns whether the deadline of the Job ended it, also if it tolerates that.
func timedOut(status *v1beta1.JobStatus) bool {
	if failed := meta.FindStatusCondition(status.Conditions, v1beta1.JobFailed); failed != nil && failed.Reason == v1beta1.ReasonDeadlineExceeded {
		return true
	}
	for i := range status.FailureGroups {
		if status.FailureGroups[i].Reason == v1beta1.ReasonDeadlineExceeded {
			return true
		}
	}
	return false
}

func orNone(completed string) string {
	if completed == "" {
		return "none"
	}
	return completed
}
