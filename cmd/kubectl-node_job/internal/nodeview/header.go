package nodeview

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/nodeset"
)

// Header returns what is said above the nodes: how far the Job is, by its status, and what
// keeps it from going on. Without a time it does not say when the Job started.
func Header(job *v1beta1.Job, now time.Time) []string {
	status := &job.Status
	phase := string(status.Phase)
	if phase == "" {
		phase = "not observed by the operator yet"
	}
	lines := []string{fmt.Sprintf("Job %s/%s: %s, %s", job.Namespace, job.Name, phase, Counts(status))}
	if status.StartTime != nil && !now.IsZero() {
		lines[0] += ", started " + since(status.StartTime.Time, now) + " ago"
	}
	if plan.IsResumed(job) || status.ObservedGeneration != job.Generation && phase == string(status.Phase) {
		lines = append(lines, "The operator has not observed the last change yet")
	}
	for _, conditionType := range []string{v1beta1.JobComplete, v1beta1.JobFailed, v1beta1.JobSuspended, v1beta1.JobBlocked} {
		if c := meta.FindStatusCondition(status.Conditions, conditionType); c != nil && c.Status == "True" {
			lines = append(lines, fmt.Sprintf("%s (%s): %s", c.Type, c.Reason, firstLine(c.Message)))
		}
	}
	if len(status.LeftOutNodes) > 0 {
		lines = append(lines, "Left out, not Ready: "+nodeset.Fold(status.LeftOutNodes))
	}
	return lines
}

// Counts returns the counts of a status in words.
func Counts(status *v1beta1.JobStatus) string {
	completed := status.Completed
	if completed == "" {
		completed = "0/0"
	}
	counts := []string{completed + " done"}
	for _, part := range []struct {
		n    int32
		word string
	}{{status.Failed, "failed"}, {status.Skipped, "skipped"}, {status.Active, "at work"}} {
		if part.n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", part.n, part.word))
		}
	}
	return strings.Join(counts, ", ")
}

// firstLine returns the first line of a text. What follows is what a container printed.
func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

func since(at, now time.Time) string { return duration.HumanDuration(max(0, now.Sub(at))) }
